"""No one of the staff decides, closes or verifies what is their own doing, or about themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_STORES = ("live", "dormant", "retained")
_WHEN = sa.DateTime(timezone=True)
_FAIL_BEFORE = """
    create function ops.fail_call(staff uuid, which uuid) returns int
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops."case" set failed_tries = failed_tries + 1
        where case_id = which and staff_id = staff and closed_at is null returning failed_tries
    $$
"""
_FAIL = """
    create function ops.fail_call(staff uuid, which uuid, at timestamptz) returns int
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops."case" set failed_tries = failed_tries + 1,
            failed_at = array_append(failed_at, at)
        where case_id = which and staff_id = staff and closed_at is null returning failed_tries
    $$
"""
# Of all cases of the member: a new case is no new day.
_CODE = """
    create function ops.count_code(staff uuid, which uuid, at timestamptz, most int)
    returns boolean
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops."case" c set codes_at = array_append(codes_at, at)
        where case_id = which and staff_id = staff and closed_at is null and most > (
            select count(*) from ops."case" t, unnest(t.codes_at) sent
            where t.member_id = c.member_id and sent > at - interval '24 hours'
        )
        returning true
    $$
"""
# Looking is not acting: an officer looks into a case before they close what was said of it.
_ACTED = """
    create function ops.acted_in(staff uuid, which uuid, member uuid) returns boolean
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select exists (
            select from ops."case" c where c.case_id = which and c.staff_id = staff
        ) or exists (
            select from ops.case_step s where s.case_id = which
                and staff in (s.asked_by, s.decided_by)
        ) or exists (
            select from ledger.event e where e.member_id = member and e.case_id = which
                and e.actor_id = staff and e.allowed and e.name !~ '_viewed$'
        )
    $$
"""
_FAIL_BEFORE_NAME = "ops.fail_call(uuid, uuid)"
_FUNCTIONS = {
    "ops.fail_call(uuid, uuid, timestamptz)": _FAIL,
    "ops.count_code(uuid, uuid, timestamptz, int)": _CODE,
    "ops.acted_in(uuid, uuid, uuid)": _ACTED,
}
_TOLD = """s.state = 'waiting' and s.expires_at > at"""
# What each function said, and what it says now, in its own words.
_PATCHES = {
    "ops.take_request(uuid, uuid, uuid, timestamptz, timestamptz)": (
        "and s.staff_id = staff and s.ended_at is null",
        """and s.staff_id = staff and ops.helps(staff, member)
            and r.asked_by_staff is distinct from staff""",
    ),
    "ops.take_dispute(uuid, uuid, uuid, timestamptz, timestamptz)": (
        "and d.decided_at is null",
        "and d.decided_at is null and ops.helps(staff, member)",
    ),
    "ops.verify_call(uuid, uuid, timestamptz, text, text[], int)": (
        """select coalesce(sum(failed_tries), 0) from ops."case" t
            where t.member_id = c.member_id and t.opened_at > at - interval '24 hours'""",
        """select count(*) from ops."case" t, unnest(t.failed_at) failed
            where t.member_id = c.member_id and failed > at - interval '24 hours'""",
    ),
    "ops.link_staff(uuid, uuid, uuid)": (
        "where staff_id = whom and ended_at is null",
        "where staff_id = whom and whom <> officer and ended_at is null",
    ),
    "ops.step_by_link(bytea, timestamptz)": (
        f"({_TOLD})",
        f"({_TOLD} and c.closed_at is null and c.suspended_at is null)",
    ),
    "ops.answer_report(uuid, uuid, uuid, timestamptz, bytea, text, text)": (
        """not exists (
                    select from ops."case" c where c.case_id = r.case_id and c.staff_id = staff
                ))""",
        """r.case_id is null or (
                    not ops.acted_in(staff, r.case_id, coalesce(r.about_id, r.member_id))
                    and ops.helps(staff, coalesce(r.about_id, r.member_id))
                ))""",
    ),
    "ops.write_staff_access()": (
        """where staff_id = new.staff_id and closed_at is null;""",
        """where staff_id = new.staff_id and closed_at is null
                and kind not in ('call', 'recovery');
            -- A caller still waits: it stays listed, for a colleague who verifies them anew.
            update ops."case" set granted_until = at_, permissions = array['case_handle'],
                verified_by = null, verified_at = null
            where staff_id = new.staff_id and closed_at is null;""",
    ),
}


def _patch(signature: str, old: str, new: str) -> None:
    """Put `new` in the place of `old`, which stands once in the function."""
    connection = op.get_bind()
    asked = sa.text("select pg_get_functiondef(cast(:name as regprocedure))")
    body = str(connection.scalar(asked, {"name": signature}))
    if body.count(old) != 1:
        raise ValueError(signature)
    connection.exec_driver_sql(body.replace(old, new))


def _function(signature: str, function: str) -> None:
    op.execute(function)
    op.execute(f"revoke execute on function {signature} from public")
    op.execute(f"grant execute on function {signature} to portal_web, portal_work")


def upgrade() -> None:
    """Make columns and functions; of a case of today each failure counts from its opening."""
    for store in _STORES:
        op.add_column("request", sa.Column("asked_by_staff", sa.Uuid()), schema=store)
    for name in ("failed_at", "codes_at"):
        op.add_column("case", sa.Column(name, sa.ARRAY(_WHEN)), schema="ops")
    op.execute(
        'update ops."case" set failed_at = array_fill(opened_at, array[failed_tries]) '
        "where failed_tries > 0 and opened_at > now() - interval '24 hours'"
    )
    op.execute(f"drop function {_FAIL_BEFORE_NAME}")
    for signature, function in _FUNCTIONS.items():
        _function(signature, function)
    for signature, (old, new) in _PATCHES.items():
        _patch(signature, old, new)


def downgrade() -> None:
    """Put back what the functions said; who of the staff asked for a request is lost."""
    for signature, (old, new) in _PATCHES.items():
        _patch(signature, new, old)
    for signature in _FUNCTIONS:
        op.execute(f"drop function {signature}")
    _function(_FAIL_BEFORE_NAME, _FAIL_BEFORE)
    for name in ("failed_at", "codes_at"):
        op.drop_column("case", name, schema="ops")
    for store in _STORES:
        op.drop_column("request", "asked_by_staff", schema=store)
