"""Reports of anybody, each with a number, a deadline and a thread that only functions open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027b"
down_revision = "0027"
branch_labels = None
depends_on = None

_WHEN = sa.DateTime(timezone=True)
_SUBJECT = "(select nullif(current_setting('portal.subject', true), '')::uuid)"
_KINDS = (
    "'cleared', 'corrected', 'consent', 'restricted', 'requested', 'disclosed', 'told', "
    "'password_set', 'withdrawn', 'separated', 'reactivated', 'held', 'hold_lifted', "
    "'import_confirmed', 'destroyed', 'barred', 'bar_objected', 'bar_kept', 'bar_lifted', "
    "'backed_up', 'staff_changed'"
)
_CHECKS = {
    "kind": "kind in ('question', 'complaint', 'leak', 'incident')",
    "state": "state in ('open', 'asked', 'closed')",
    "outcome": "outcome in ('answered', 'put_right', 'nothing_found', 'not_ours', 'taken_back')",
    "one_way": "(member_id is null) = (secret_digest is not null)",
    "closed": "(state = 'closed') = (closed_at is not null)",
    "outcome_told": "(closed_at is null) = (outcome is null)",
    "about": "(kind = 'incident') = (about_id is not null)",
}
# What an incident is about is the officer's; everything else is for whoever is in office.
_HANDLES = """exists (
    select from ops.staff s where s.staff_id = staff and s.ended_at is null
        and (s.role = 'officer' or r.kind <> 'incident')
)"""
_MINE = f"(r.member_id = {_SUBJECT} or r.secret_digest = exact)"
_ROW = (
    "report_id uuid, number text, member_id uuid, kind text, state text, language text, "
    "received_at timestamptz, due_on date, ends_on date, sealed bytea, about_id uuid, "
    "case_id uuid, closed_at timestamptz, outcome text"
)
_COLUMNS = ", ".join(f"r.{one.split()[0]}" for one in _ROW.split(", "))
_OPEN = f"""
    create function ops.open_reports(staff uuid, after_due date, after_id uuid, most int)
    returns table ({_ROW})
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select {_COLUMNS} from ops.report r
        where r.state <> 'closed' and {_HANDLES}
            and (after_id is null or (r.due_on, r.report_id) > (after_due, after_id))
        order by r.due_on, r.report_id limit most
    $$
"""  # noqa: S608 (our own words)
_COUNT = f"""
    create function ops.count_reports(staff uuid, today date)
    returns table (open bigint, late bigint)
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select count(*), count(*) filter (where r.due_on < today)
        from ops.report r where r.state <> 'closed' and {_HANDLES}
    $$
"""  # noqa: S608 (our own words)
_ONE = f"""
    create function ops.report_of(staff uuid, which uuid) returns table ({_ROW})
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select {_COLUMNS} from ops.report r where r.report_id = which and {_HANDLES}
    $$
"""  # noqa: S608 (our own words)
_BY_NUMBER = f"""
    create function ops.report_by_number(given text, exact bytea) returns table ({_ROW})
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select {_COLUMNS} from ops.report r
        where r.number = given and r.secret_digest = exact
    $$
"""  # noqa: S608 (our own words)
_LINES = f"""
    create function ops.report_lines(staff uuid, which uuid, exact bytea)
    returns table (report_id uuid, line_id uuid, at timestamptz, by text, staff_no text,
        sealed bytea)
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select l.report_id, l.line_id, l.at, l.by, p.staff_no, l.sealed
        from ops.report r join ops.report_line l using (report_id)
        left join ops.staff p on p.staff_id = l.staff_id
        where r.report_id = which and ({_HANDLES} or {_MINE})
        order by l.at, l.line_id
    $$
"""  # noqa: S608 (our own words)
# The reporter adds a line: what was asked back is theirs no more, it is the staff's turn again.
_ADD = f"""
    create function ops.add_to_report(which uuid, exact bytea, new uuid, at_ timestamptz,
        text_ bytea) returns boolean
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        with turned as (
            update ops.report r set state = 'open'
            where r.report_id = which and r.state <> 'closed' and {_MINE} returning r.report_id
        )
        insert into ops.report_line (report_id, line_id, at, by, sealed)
        select report_id, new, at_, 'reporter', text_ from turned
        on conflict do nothing returning true
    $$
"""  # noqa: S608 (our own words)
_ANSWER = f"""
    create function ops.answer_report(staff uuid, which uuid, new uuid, at_ timestamptz,
        text_ bytea, then_ text, how text) returns boolean
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        with turned as (
            update ops.report r set state = then_,
                closed_at = case when then_ = 'closed' then at_ end,
                closed_by = case when then_ = 'closed' then staff end, outcome = how
            where r.report_id = which and r.state <> 'closed' and {_HANDLES}
                -- Nobody closes what a member said of a case of their own.
                and (then_ <> 'closed' or not exists (
                    select from ops."case" c where c.case_id = r.case_id and c.staff_id = staff
                ))
            returning r.report_id
        )
        insert into ops.report_line (report_id, line_id, at, by, staff_id, sealed)
        select report_id, new, at_, 'staff', staff, text_ from turned
        on conflict do nothing returning true
    $$
"""  # noqa: S608 (our own words)
# The member's own no: whatever the case gave ends at once. Said twice it is the same.
_SUSPEND = f"""
    create function ops.suspend_case(which uuid, at_ timestamptz)
    returns table (case_no text, suspended_at timestamptz)
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops."case" c set suspended_at = coalesce(c.suspended_at, at_)
        where c.case_id = which and c.member_id = {_SUBJECT}
            and c.kind in ('request', 'call', 'recovery')
        returning c.case_no, c.suspended_at
    $$
"""  # noqa: S608 (our own words)
# The officer's word on an incident: nothing was found, and it goes on; else the case ends here.
_SETTLE = f"""
    create function ops.settle_incident(staff uuid, which uuid, at_ timestamptz) returns boolean
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops."case" c set
            suspended_at = case when r.outcome = 'nothing_found' then null else c.suspended_at end,
            permissions = case when r.outcome = 'nothing_found' then c.permissions else '{{}}' end,
            closed_at = case when r.outcome = 'nothing_found' then c.closed_at else at_ end,
            outcome = case when r.outcome = 'nothing_found' then c.outcome
                else 'not_verified' end
        from ops.report r
        where r.report_id = which and r.state = 'closed' and r.closed_by = staff
            and c.case_id = r.case_id and c.closed_at is null and {_HANDLES}
        returning true
    $$
"""  # noqa: S608 (our own words)
_FUNCTIONS = {
    "ops.suspend_case(uuid, timestamptz)": _SUSPEND,
    "ops.settle_incident(uuid, uuid, timestamptz)": _SETTLE,
    "ops.open_reports(uuid, date, uuid, int)": _OPEN,
    "ops.count_reports(uuid, date)": _COUNT,
    "ops.report_of(uuid, uuid)": _ONE,
    "ops.report_by_number(text, bytea)": _BY_NUMBER,
    "ops.report_lines(uuid, uuid, bytea)": _LINES,
    "ops.add_to_report(uuid, bytea, uuid, timestamptz, bytea)": _ADD,
    "ops.answer_report(uuid, uuid, uuid, timestamptz, bytea, text, text)": _ANSWER,
}


def _kinds(words: str) -> None:
    op.drop_constraint(op.f("ck_journal_kind"), "journal", schema="ops")
    op.create_check_constraint(
        op.f("ck_journal_kind"), "journal", f"kind in ({words})", schema="ops"
    )


def _report() -> None:
    op.create_table(
        "report",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Uuid()),
        sa.Column("secret_digest", sa.LargeBinary()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("received_at", _WHEN, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("about_id", sa.Uuid()),
        sa.Column("case_id", sa.Uuid()),
        sa.Column("closed_at", _WHEN),
        sa.Column("closed_by", sa.Uuid()),
        sa.Column("outcome", sa.Text()),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_report_{name}"))
            for name, rule in _CHECKS.items()
        ),
        sa.ForeignKeyConstraint(
            ["closed_by"], ["ops.staff.staff_id"], name=op.f("fk_report_closed_by_staff")
        ),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report")),
        sa.UniqueConstraint("number", name=op.f("uq_report_number")),
        schema="ops",
    )
    for name, columns, unique, where in (
        ("ix_report_member_id_received_at", ["member_id", "received_at"], False, None),
        ("ix_report_ends_on", ["ends_on"], False, None),
        ("ix_report_open", ["due_on", "report_id"], False, "state <> 'closed'"),
        ("uq_report_incident", ["case_id"], True, "kind = 'incident' and state <> 'closed'"),
    ):
        op.create_index(
            name, "report", columns, unique=unique, schema="ops",
            postgresql_where=sa.text(where) if where else None,
        )  # fmt: skip


def _lines() -> None:
    op.create_table(
        "report_line",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("at", _WHEN, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid()),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("by in ('reporter', 'staff')", name=op.f("ck_report_line_by")),
        sa.CheckConstraint(
            "(by = 'staff') = (staff_id is not null)", name=op.f("ck_report_line_by_whom")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["ops.report.report_id"], ondelete="CASCADE",
            name=op.f("fk_report_line_report_id_report"),
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["ops.staff.staff_id"], name=op.f("fk_report_line_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("report_id", "line_id", name=op.f("pk_report_line")),
        schema="ops",
    )  # fmt: skip


def _rights() -> None:
    for table in ("report", "report_line"):
        op.execute(f"alter table ops.{table} enable row level security")
        op.execute(
            f"create policy work on ops.{table} to portal_work using (true) with check (true)"
        )
        op.execute(f"grant select, insert, update, delete on ops.{table} to portal_work")
    op.execute(
        "create policy subject on ops.report for select to portal_web "
        f"using (member_id = {_SUBJECT})"
    )
    # Anybody may report; nobody in another's name.
    op.execute(
        "create policy anybody on ops.report for insert to portal_web with check "
        f"(state = 'open' and (member_id is null or member_id = {_SUBJECT}))"
    )
    op.execute("grant select, insert on ops.report to portal_web")


def upgrade() -> None:
    """Make tables, grants and the functions by which alone a report is read and answered."""
    _kinds(f"{_KINDS}, 'reported'")
    _report()
    _lines()
    _rights()
    for signature, function in _FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to portal_web, portal_work")


def downgrade() -> None:
    """Drop them; what was reported is lost."""
    for signature in _FUNCTIONS:
        op.execute(f"drop function {signature}")
    op.drop_table("report_line", schema="ops")
    op.drop_table("report", schema="ops")
    op.execute("delete from ops.journal where kind = 'reported'")
    _kinds(_KINDS)
