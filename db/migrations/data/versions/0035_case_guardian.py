"""Bind the case of a guardian to the one who calls: for nobody else is anything done in it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0036b"
branch_labels = None
depends_on = None

_OF_CALLERS = "kind in ('call', 'recovery')"
_DAY = "(at at time zone 'Asia/Seoul')::date"
_OPEN_BEFORE_NAME = (
    "ops.open_call(uuid, uuid, uuid, text, text, timestamptz, text, text, text[], date, date)"
)
_OPEN_BEFORE = """
    create function ops.open_call(
        staff uuid, member uuid, new uuid, no text, about text, at timestamptz, by text, who text,
        wishes text[], received date, due date
    ) returns boolean
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        insert into ops."case" (
            case_id, member_id, staff_id, opened_at, granted_until, permissions, kind, case_no,
            channel, caller, asked, received_on, due_on
        )
        select new, member, staff, at, at + interval '30 minutes', array['case_handle'], about, no, by,
            who, wishes, received, due
        where about in ('call', 'recovery') and ops.helps(staff, member)
        on conflict do nothing returning true
    $$
"""  # noqa: E501 (as it stands in the database)
_OPEN = f"""
    create function ops.open_call(
        staff uuid, member uuid, new uuid, no text, about text, at timestamptz, by text, who text,
        wishes text[], received date, due date, guardian uuid
    ) returns boolean
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        insert into ops."case" (
            case_id, member_id, staff_id, opened_at, granted_until, permissions, kind, case_no,
            channel, caller, asked, received_on, due_on, guardian_id
        )
        select new, member, staff, at, at + interval '30 minutes', array['case_handle'], about, no,
            by, who, wishes, received, due, guardian
        where about in ('call', 'recovery') and ops.helps(staff, member) and case who
            when 'guardian' then ops.may_guard(member, guardian, {_DAY})
            else guardian is null end
        on conflict do nothing returning true
    $$
"""
# Whoever was verified before it was said who they are is verified anew.
_BIND = f"""
    create function ops.bind_guardian(staff uuid, which uuid, guardian uuid, at timestamptz)
    returns boolean
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops."case" c set guardian_id = guardian, verified_by = null, verified_at = null,
            permissions = array['case_handle']
        where case_id = which and staff_id = staff and closed_at is null and suspended_at is null
            and {_OF_CALLERS} and caller = 'guardian' and guardian_id is null
            and ops.helps(staff, member_id) and ops.may_guard(member_id, guardian, {_DAY})
        returning true
    $$
"""  # noqa: S608 (our own words)
# Takes a right away from who has none any more, and gives none: whoever calls it harms nobody.
_END = f"""
    create function ops.end_guardians_calls(child uuid, guardian uuid, at timestamptz) returns bigint
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        with ended as (
            update ops."case" set grant_ended = 'guardian_ended', granted_until = at,
                permissions = array['case_handle']
            where member_id = child and guardian_id = guardian and closed_at is null
                and grant_ended is null and {_OF_CALLERS}
                and not ops.may_guard(child, guardian, {_DAY})
            returning 1
        )
        select count(*) from ended
    $$
"""  # noqa: S608, E501 (our own words)
_FUNCTIONS = {
    "ops.open_call(uuid, uuid, uuid, text, text, timestamptz, text, text, text[], date, date, "
    "uuid)": _OPEN,
    "ops.bind_guardian(uuid, uuid, uuid, timestamptz)": _BIND,
    "ops.end_guardians_calls(uuid, uuid, timestamptz)": _END,
}
_VERIFY = "ops.verify_call(uuid, uuid, timestamptz, text, text[], int)"
_MOST = "and most > ("
_ACTS = f"""and (c.caller <> 'guardian'
                or ops.may_guard(c.member_id, c.guardian_id, {_DAY}))
            {_MOST}"""
_ENDED = ("turned_14", "separated", "woken")
# An open case of a child with one guardian is that guardian's; of the others staff say whose.
_OLD = """
    update ops."case" c set guardian_id = g.guardian_id
    from (
        select member_id, (array_agg(guardian_id))[1] as guardian_id
        from live.guardianship group by member_id having count(distinct guardian_id) = 1
    ) g
    where g.member_id = c.member_id and c.caller = 'guardian' and c.closed_at is null
"""


def _patch(old: str, new: str) -> None:
    """Put `new` in the place of `old`, which stands once in `ops.verify_call`."""
    connection = op.get_bind()
    asked = sa.text("select pg_get_functiondef(cast(:name as regprocedure))")
    body = str(connection.scalar(asked, {"name": _VERIFY}))
    if body.count(old) != 1:
        raise ValueError(_VERIFY)
    connection.exec_driver_sql(body.replace(old, new))


def _function(signature: str, function: str) -> None:
    op.execute(function)
    op.execute(f"revoke execute on function {signature} from public")
    op.execute(f"grant execute on function {signature} to portal_web, portal_work")


def _why_ended(*words: str) -> None:
    op.drop_constraint(op.f("ck_case_grant_ended"), "case", schema="ops")
    listed = ", ".join(f"'{word}'" for word in words)
    op.create_check_constraint(
        op.f("ck_case_grant_ended"), "case", f"grant_ended in ({listed})", schema="ops"
    )


def upgrade() -> None:
    """Make the column and what gives it; bind open cases of children with one guardian."""
    op.add_column("case", sa.Column("guardian_id", sa.Uuid()), schema="ops")
    op.create_check_constraint(
        op.f("ck_case_guardians"), "case", "guardian_id is null or caller = 'guardian'",
        schema="ops",
    )  # fmt: skip
    _why_ended(*_ENDED, "guardian_ended")
    op.execute(f"drop function {_OPEN_BEFORE_NAME}")
    for signature, function in _FUNCTIONS.items():
        _function(signature, function)
    _patch(_MOST, _ACTS)
    op.execute(_OLD)


def downgrade() -> None:
    """Forget which guardian called; a right that ended with a guardian's has ended all the same."""
    _patch(_ACTS, _MOST)
    for signature in _FUNCTIONS:
        op.execute(f"drop function {signature}")
    _function(_OPEN_BEFORE_NAME, _OPEN_BEFORE)
    op.execute(
        "update ops.\"case\" set grant_ended = 'separated' where grant_ended = 'guardian_ended'"
    )
    _why_ended(*_ENDED)
    op.drop_constraint(op.f("ck_case_guardians"), "case", schema="ops")
    op.drop_column("case", "guardian_id", schema="ops")
