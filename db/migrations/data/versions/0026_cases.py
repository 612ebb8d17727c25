"""Cases of callers: opened, verified, renewed and ended by functions alone; steps and papers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_WHEN = sa.DateTime(timezone=True)
_SUBJECT = "(select nullif(current_setting('portal.subject', true), '')::uuid)"
_MINE = f"member_id = {_SUBJECT}"
_OF_CALLERS = "kind in ('call', 'recovery')"
_HALF_AN_HOUR = "interval '30 minutes'"
_WORDS = {
    "kind": "'request', 'call', 'recovery', 'incident', 'report'",
    "channel": "'phone', 'email', 'letter', 'fax', 'visit', 'public_portal'",
    "caller": "'self', 'guardian', 'agent'",
    "postponed": "'proof_awaited', 'others_concerned', 'much_to_gather'",
    "verified_by": "'mobile_code', 'email_code', 'call_back', 'documents'",
    "grant_ended": "'turned_14', 'separated', 'woken'",
    "outcome": "'done', 'partly', 'refused', 'taken_back', 'not_verified', 'member_left'",
    "refusal": "'law_names_it', 'needed_for_contract', 'harms_others', 'proof_missing', "
    "'correct_already'",
    "answered_by": "'email', 'sms', 'letter', 'spoken'",
}
_CHECKS = {
    **{name: f"{name} in ({words})" for name, words in _WORDS.items()},
    "somebodys": "member_id is not null or kind = 'report'",
    "in_hand": "staff_id is not null or kind in ('incident', 'report')",
    "verified": "(verified_by is null) = (verified_at is null)",
    "of_a_caller": f"not ({_OF_CALLERS}) or (case_no is not null and channel is not null "
    "and caller is not null and asked is not null and due_on is not null)",
    "verified_first": f"not ({_OF_CALLERS}) or verified_at is not null "
    "or permissions <@ '{case_handle}'",
    "refused": "(outcome = 'refused') = (refusal is not null)",
}
# What a case can give: what staff may do of a member's rights, and no more.
_GRANTABLE = (
    "array['case_handle', 'profile_read', 'profile_unmask', 'history_read', 'profile_correct', "
    "'processing_stop', 'consent_change', 'sharing_read', 'inbox_read']"
)
# In office, not about oneself, not about one's own child or guardian.
_HELPS = """
    create function ops.helps(staff uuid, member uuid) returns boolean
    language sql stable security definer set search_path = pg_catalog, live, dormant, ops as $$
        select exists (
            select from ops.staff s where s.staff_id = staff and s.ended_at is null
            and (s.own_membership is null or (s.own_membership <> member and not exists (
                select from (
                    select member_id, guardian_id from live.guardianship
                    union all select member_id, guardian_id from dormant.guardianship
                ) g
                where (g.member_id = member and g.guardian_id = s.own_membership)
                    or (g.guardian_id = member and g.member_id = s.own_membership)
            )))
        )
    $$
"""
_LOOKUP = """
    create function ops.count_lookup(staff uuid, today date, most int) returns boolean
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        insert into ops.lookup as l (staff_id, day, made) values (staff, today, 1)
        on conflict (staff_id, day) do update set
            made = l.made + (l.made < most)::int, refused = l.refused + (l.made >= most)::int
        returning refused = 0 and made <= most
    $$
"""
_FOUND = """
    create function ops.lookup_found(staff uuid, today date) returns void
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops.lookup set found = found + 1 where staff_id = staff and day = today
    $$
"""
_OPEN = f"""
    create function ops.open_call(
        staff uuid, member uuid, new uuid, no text, about text, at timestamptz, by text, who text,
        wishes text[], received date, due date
    ) returns boolean
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        insert into ops."case" (
            case_id, member_id, staff_id, opened_at, granted_until, permissions, kind, case_no,
            channel, caller, asked, received_on, due_on
        )
        select new, member, staff, at, at + {_HALF_AN_HOUR}, array['case_handle'], about, no, by,
            who, wishes, received, due
        where about in ('call', 'recovery') and ops.helps(staff, member)
        on conflict do nothing returning true
    $$
"""
# A guardian's right ends with the day before the child's 14th birthday.
_UNTIL = f"""
    create function ops.grant_until(which uuid, at timestamptz) returns timestamptz
    language sql stable security definer set search_path = pg_catalog, live, ops as $$
        select least(at + {_HALF_AN_HOUR}, (
            select m.turns_14_on::timestamp at time zone 'Asia/Seoul' from live.member m
            where m.member_id = c.member_id and c.caller = 'guardian' and c.grant_ended is null
        ))
        from ops."case" c where c.case_id = which
    $$
"""  # noqa: S608 (our own words)
_OWN = (
    "case_id = which and staff_id = staff and closed_at is null and suspended_at is null "
    f"and {_OF_CALLERS} and ops.helps(staff, member_id)"
)
_VERIFY = f"""
    create function ops.verify_call(
        staff uuid, which uuid, at timestamptz, by text, rights text[], most int
    ) returns timestamptz
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops."case" c set verified_by = by, verified_at = at, grant_ended = null,
            permissions = array['case_handle'] || rights, granted_until = ops.grant_until(which, at)
        where {_OWN} and rights <@ {_GRANTABLE} and most > (
            select coalesce(sum(failed_tries), 0) from ops."case" t
            where t.member_id = c.member_id and t.opened_at > at - interval '24 hours'
        )
        returning granted_until
    $$
"""  # noqa: S608 (our own words)
_FAIL = """
    create function ops.fail_call(staff uuid, which uuid) returns int
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops."case" set failed_tries = failed_tries + 1
        where case_id = which and staff_id = staff and closed_at is null returning failed_tries
    $$
"""
# Who was verified long ago is verified anew: until then the case is there, its rights are not.
_FRESH = "verified_at > at - lasts and grant_ended is null"
_AS_VERIFIED = f"""
            permissions = case when {_FRESH} then permissions else array['case_handle'] end,
            verified_by = case when {_FRESH} then verified_by end,
            verified_at = case when {_FRESH} then verified_at end,
"""
_RENEW = f"""
    create function ops.renew_call(staff uuid, which uuid, at timestamptz, lasts interval)
    returns timestamptz
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops."case" set
            {_AS_VERIFIED}
            granted_until = ops.grant_until(which, at)
        where {_OWN} returning granted_until
    $$
"""  # noqa: S608 (our own words)
_TAKE = f"""
    create function ops.take_call(staff uuid, which uuid, at timestamptz, lasts interval)
    returns boolean
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops."case" c set staff_id = staff,
            {_AS_VERIFIED}
            granted_until = ops.grant_until(which, at)
        where case_id = which and closed_at is null and suspended_at is null
            and {_OF_CALLERS} and ops.helps(staff, member_id) returning true
    $$
"""  # noqa: S608 (our own words)
_WIDEN = f"""
    create function ops.widen_call(staff uuid, which uuid, wishes text[], rights text[])
    returns boolean
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops."case" set asked = wishes,
            permissions = case when verified_at is null or grant_ended is not null
                then permissions else array['case_handle'] || rights end
        where {_OWN} and rights <@ {_GRANTABLE} returning true
    $$
"""  # noqa: S608 (our own words)
_POSTPONE = f"""
    create function ops.postpone_call(staff uuid, which uuid, due date, why text) returns boolean
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops."case" set due_on = due, postponed = why
        where {_OWN} and postponed is null and due > due_on returning true
    $$
"""  # noqa: S608 (our own words)
_END = f"""
    create function ops.end_call(
        staff uuid, which uuid, at timestamptz, how text, reason text, told text
    ) returns boolean
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops."case" set closed_at = at, outcome = how, refusal = reason, answered_by = told,
            permissions = '{{}}'
        where {_OWN} returning true
    $$
"""  # noqa: S608 (our own words)
_LINK = """
    create function ops.link_staff(officer uuid, whom uuid, member uuid) returns boolean
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops.staff set own_membership = member
        where staff_id = whom and ended_at is null and exists (
            select from ops.staff o
            where o.staff_id = officer and o.role = 'officer' and o.ended_at is null
        ) returning true
    $$
"""
_STEP = """
    create function ops.step_by_link(exact bytea, at timestamptz)
    returns table (member_id uuid, case_id uuid, step_id uuid, what text, items text[], state text,
        waits_until timestamptz, language text, sent_to uuid, case_no text)
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select s.member_id, s.case_id, s.step_id, s.what, s.items, s.state, s.waits_until,
            s.language, s.sent_to, c.case_no
        from ops.case_step s join ops."case" c using (case_id)
        where s.link_digest = exact
            and ((s.state = 'waiting' and s.expires_at > at) or s.state = 'running')
    $$
"""
# For all of the staff: what waits for a second one of them. No value, no name.
_STEPS = """
    create function ops.open_steps(staff uuid, at timestamptz, most int)
    returns table (member_id uuid, case_id uuid, step_id uuid, what text, items text[], state text,
        asked_by uuid, asked_at timestamptz, expires_at timestamptz, waits_until timestamptz,
        case_no text, staff_no text)
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select s.member_id, s.case_id, s.step_id, s.what, s.items, s.state, s.asked_by, s.asked_at,
            s.expires_at, s.waits_until, c.case_no, p.staff_no
        from ops.case_step s join ops."case" c using (case_id)
        join ops.staff p on p.staff_id = s.asked_by
        where s.state in ('waiting', 'running') and s.expires_at > at
            and c.closed_at is null and exists (
                select from ops.staff o where o.staff_id = staff and o.ended_at is null
            )
        order by s.asked_at, s.step_id limit most
    $$
"""
# Of who left nothing is found but that a certificate of this number was given, and when.
_KNOWN = """
    create function ops.withdrawal_known(number bytea) returns timestamptz
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select left_at from ops.withdrawal where number_digest = number
    $$
"""
_FUNCTIONS = {
    "ops.withdrawal_known(bytea)": _KNOWN,
    "ops.helps(uuid, uuid)": _HELPS,
    "ops.count_lookup(uuid, date, int)": _LOOKUP,
    "ops.lookup_found(uuid, date)": _FOUND,
    "ops.open_call(uuid, uuid, uuid, text, text, timestamptz, text, text, text[], date, date)":
        _OPEN,
    "ops.grant_until(uuid, timestamptz)": _UNTIL,
    "ops.verify_call(uuid, uuid, timestamptz, text, text[], int)": _VERIFY,
    "ops.fail_call(uuid, uuid)": _FAIL,
    "ops.renew_call(uuid, uuid, timestamptz, interval)": _RENEW,
    "ops.take_call(uuid, uuid, timestamptz, interval)": _TAKE,
    "ops.widen_call(uuid, uuid, text[], text[])": _WIDEN,
    "ops.postpone_call(uuid, uuid, date, text)": _POSTPONE,
    "ops.end_call(uuid, uuid, timestamptz, text, text, text)": _END,
    "ops.link_staff(uuid, uuid, uuid)": _LINK,
    "ops.step_by_link(bytea, timestamptz)": _STEP,
    "ops.open_steps(uuid, timestamptz, int)": _STEPS,
}  # fmt: skip
_INDEXES = (
    ("uq_case_case_no", ["case_no"], True, "case_no is not null"),
    ("uq_case_open_call", ["member_id"], True, f"closed_at is null and {_OF_CALLERS}"),
    ("ix_case_open", ["due_on", "case_id"], False, "closed_at is null and kind <> 'request'"),
    (
        "ix_case_in_hand",
        ["staff_id", "due_on", "case_id"],
        False,
        "closed_at is null and kind <> 'request'",
    ),
)


def _columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("kind", sa.Text(), nullable=False, server_default="request"),
        sa.Column("case_no", sa.Text()),
        sa.Column("channel", sa.Text()),
        sa.Column("caller", sa.Text()),
        sa.Column("asked", sa.ARRAY(sa.Text())),
        sa.Column("received_on", sa.Date()),
        sa.Column("due_on", sa.Date()),
        sa.Column("postponed", sa.Text()),
        sa.Column("verified_by", sa.Text()),
        sa.Column("verified_at", _WHEN),
        sa.Column("failed_tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("grant_ended", sa.Text()),
        sa.Column("suspended_at", _WHEN),
        sa.Column("outcome", sa.Text()),
        sa.Column("refusal", sa.Text()),
        sa.Column("answered_by", sa.Text()),
    )


def _case() -> None:
    for column in _columns():
        op.add_column("case", column, schema="ops")
    for name in ("member_id", "staff_id"):
        op.alter_column("case", name, nullable=True, schema="ops")
    for name, rule in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_case_{name}"), "case", rule, schema="ops")
    for name, columns, unique, where in _INDEXES:
        op.create_index(
            name, "case", columns,
            unique=unique, schema="ops", postgresql_where=sa.text(where),
        )  # fmt: skip
    op.add_column("staff", sa.Column("own_membership", sa.Uuid()), schema="ops")
    op.execute("grant select (own_membership) on ops.staff to portal_web")


def _papers() -> None:
    op.create_table(
        "case_paper",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("paper_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text()),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("given_at", _WHEN, nullable=False),
        sa.CheckConstraint(
            "kind in ('words', 'authority', 'proof', 'answer')", name=op.f("ck_case_paper_kind")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["ops.case.case_id"], name=op.f("fk_case_paper_case_id_case")
        ),
        sa.PrimaryKeyConstraint("case_id", "paper_id", name=op.f("pk_case_paper")),
        schema="ops",
    )
    op.create_index(op.f("ix_case_paper_member_id"), "case_paper", ["member_id"], schema="ops")


def _steps() -> None:
    op.create_table(
        "case_step",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("step_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("items", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", _WHEN, nullable=False),
        sa.Column("expires_at", _WHEN, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("link_digest", sa.LargeBinary()),
        sa.Column("sent_to", sa.Uuid()),
        sa.Column("decided_at", _WHEN),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("means", sa.Text()),
        sa.Column("waits_until", _WHEN),
        sa.Column("done_at", _WHEN),
        sa.CheckConstraint(
            "what in ('leave', 'clear', 'export', 'email', 'recover')",
            name=op.f("ck_case_step_what"),
        ),
        sa.CheckConstraint(
            "state in ('waiting', 'running', 'done', 'refused', 'taken_back', 'expired')",
            name=op.f("ck_case_step_state"),
        ),
        sa.CheckConstraint("means in ('link', 'second')", name=op.f("ck_case_step_means")),
        sa.CheckConstraint(
            "decided_by is null or decided_by <> asked_by", name=op.f("ck_case_step_another")
        ),
        sa.CheckConstraint(
            "(means is null) = (decided_at is null)", name=op.f("ck_case_step_decided")
        ),
        sa.CheckConstraint(
            "state not in ('running', 'done') or (decided_at is not null "
            "and (means = 'link' or decided_by is not null))",
            name=op.f("ck_case_step_not_alone"),
        ),
        sa.CheckConstraint(
            "what <> 'recover' or state not in ('running', 'done') or means = 'second'",
            name=op.f("ck_case_step_by_a_second"),
        ),
        sa.CheckConstraint(
            "(state = 'running') <= (waits_until is not null)", name=op.f("ck_case_step_waits")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["ops.case.case_id"], name=op.f("fk_case_step_case_id_case")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["ops.staff.staff_id"], name=op.f("fk_case_step_asked_by_staff")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["ops.staff.staff_id"], name=op.f("fk_case_step_decided_by_staff")
        ),
        sa.PrimaryKeyConstraint("case_id", "step_id", name=op.f("pk_case_step")),
        schema="ops",
    )
    op.create_index(op.f("ix_case_step_member_id"), "case_step", ["member_id"], schema="ops")
    op.create_index(
        "uq_case_step_link_digest", "case_step", ["link_digest"],
        unique=True, schema="ops", postgresql_where=sa.text("link_digest is not null"),
    )  # fmt: skip
    op.create_index(
        "ix_case_step_open", "case_step", ["asked_at", "step_id"],
        schema="ops", postgresql_where=sa.text("state in ('waiting', 'running')"),
    )  # fmt: skip


def _lookups() -> None:
    op.create_table(
        "lookup",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["ops.staff.staff_id"], name=op.f("fk_lookup_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("staff_id", "day", name=op.f("pk_lookup")),
        schema="ops",
    )
    op.execute("grant select on ops.lookup to portal_web")
    op.execute("grant select, delete on ops.lookup to portal_work")


def _rights() -> None:
    for table in ("case_paper", "case_step"):
        op.execute(f"alter table ops.{table} enable row level security")
        op.execute(
            f"create policy work on ops.{table} to portal_work using (true) with check (true)"
        )
        op.execute(
            f"create policy subject on ops.{table} to portal_web "
            f"using ({_MINE}) with check ({_MINE})"
        )
        op.execute(f"grant select, insert, update, delete on ops.{table} to portal_work")
        op.execute(f"grant select, insert on ops.{table} to portal_web")
    op.execute(
        "grant update (state, link_digest, decided_at, decided_by, means, waits_until, done_at, "
        "sealed) on ops.case_step to portal_web"
    )


def upgrade() -> None:
    """Make columns, tables and the functions by which alone the portal changes a case."""
    _case()
    _papers()
    _steps()
    _lookups()
    _rights()
    for signature, function in _FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to portal_web, portal_work")


def downgrade() -> None:
    """Drop them; cases of callers, and what waits in them, are lost."""
    for signature in reversed(_FUNCTIONS):
        op.execute(f"drop function {signature}")
    for table in ("lookup", "case_step", "case_paper"):
        op.drop_table(table, schema="ops")
    op.execute("delete from ops.\"case\" where kind <> 'request'")
    op.drop_column("staff", "own_membership", schema="ops")
    for name, *_rest in _INDEXES:
        op.drop_index(name, "case", schema="ops")
    for name in _CHECKS:
        op.drop_constraint(op.f(f"ck_case_{name}"), "case", schema="ops")
    for name in ("member_id", "staff_id"):
        op.alter_column("case", name, nullable=False, schema="ops")
    for column in _columns():
        op.drop_column("case", column.name, schema="ops")
