"""Bars: who may not join again, placed and lifted by officers alone, and what was asked of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0022"
branch_labels = None
depends_on = None

_SUBJECT = "(select nullif(current_setting('portal.subject', true), '')::uuid)"
_MINE = f"member_id = {_SUBJECT}"
_WHEN = sa.DateTime(timezone=True)
_NOTED = (
    "'cleared', 'corrected', 'consent', 'withdrawn', 'separated', 'reactivated', 'held', "
    "'hold_lifted', 'import_confirmed', 'destroyed'"
)
_BARS_NOTED = "'barred', 'bar_objected', 'bar_kept', 'bar_lifted'"
_OFFICER = (
    "exists (select from ops.staff s "
    "where s.staff_id = staff and s.role = 'officer' and s.ended_at is null)"
)
# A bar that is over makes room for another, should the daily run not have been there yet.
_PLACE = f"""
    create function ops.place_bar(
        staff uuid, which uuid, member uuid, because text, at timestamptz, last_day date
    ) returns boolean
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        delete from ops.bar where member_id = member and {_OFFICER}
            and ends_on < (at at time zone 'Asia/Seoul')::date;
        insert into ops.bar (bar_id, member_id, why, placed_by, placed_at, ends_on)
        select which, member, because, staff, at, last_day where {_OFFICER}
        on conflict do nothing returning true
    $$
"""  # noqa: S608 (a constant)
# The list names no member: officers tell bars apart by their numbers.
_LISTED = f"""
    create function ops.bars(staff uuid, today date)
    returns table (
        bar_id uuid, why text, placed_at timestamptz, ends_on date, known_by text[],
        objected_at timestamptz, answered_at timestamptz, kept_why text, lifted_at timestamptz,
        placed_by uuid, placed_no text
    )
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select b.bar_id, b.why, b.placed_at, b.ends_on, b.known_by, b.objected_at,
            b.answered_at, b.kept_why, b.lifted_at, b.placed_by, p.staff_no
        from ops.bar b join ops.staff p on p.staff_id = b.placed_by
        where b.ends_on >= today and {_OFFICER}
        order by b.lifted_at is not null, (b.objected_at is null or b.answered_at is not null),
            b.objected_at, b.placed_at desc, b.bar_id
    $$
"""  # noqa: S608 (a constant)
# Who left sees theirs by number and secret, as they see what else is kept.
_LEFT = """
    create function ops.withdrawal_bar(number bytea, secret bytea, today date)
    returns table (
        bar_id uuid, why text, placed_at timestamptz, ends_on date, known_by text[],
        objected_at timestamptz, answered_at timestamptz, kept_why text, lifted_at timestamptz
    )
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select b.bar_id, b.why, b.placed_at, b.ends_on, b.known_by, b.objected_at,
            b.answered_at, b.kept_why, b.lifted_at
        from ops.withdrawal w join ops.bar b on b.member_id = w.member_id
        where w.number_digest = number and w.secret_digest = secret
            and b.lifted_at is null and b.ends_on >= today
    $$
"""
_OTHERS = """
    create function ops.other_officers(staff uuid) returns bigint
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select count(*) from ops.staff s
        where s.role = 'officer' and s.ended_at is null and s.staff_id <> staff
    $$
"""
# Who left objects by word or letter; an officer notes it, so that it is answered like any other.
_OBJECTED = f"""
    create function ops.object_to_bar(staff uuid, which uuid, at timestamptz) returns uuid
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops.bar set objected_at = at
        where bar_id = which and lifted_at is null and objected_at is null and {_OFFICER}
        returning member_id
    $$
"""  # noqa: S608 (a constant)
# Lifting is the best answer that an objection can get, so that whoever placed it may, too.
_LIFT = f"""
    create function ops.lift_bar(staff uuid, which uuid, at timestamptz) returns uuid
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops.bar set lifted_by = staff, lifted_at = at,
            answered_by = case when objected_at is null then null
                else coalesce(answered_by, staff) end,
            answered_at = case when objected_at is null then null
                else coalesce(answered_at, at) end
        where bar_id = which and lifted_at is null and {_OFFICER}
        returning member_id
    $$
"""  # noqa: S608 (a constant)
# Who placed it keeps it up against an objection only where there is no other officer.
_KEEP = f"""
    create function ops.keep_bar(staff uuid, which uuid, because text, at timestamptz) returns uuid
    language sql volatile security definer set search_path = pg_catalog, ops as $$
        update ops.bar set answered_by = staff, answered_at = at, kept_why = because
        where bar_id = which and lifted_at is null and objected_at is not null
            and answered_at is null and {_OFFICER}
            and (placed_by <> staff or ops.other_officers(staff) = 0)
        returning member_id
    $$
"""  # noqa: S608 (a constant)
# Of what was found by digest (services/joining.py says why an e-mail weighs as much as two others):
# whose standing bar it is. What its member disputes or stopped is not used (clause 9; P32).
_BARRED = """
    create function ops.barred(bars uuid[], kinds text[], today date) returns uuid
    language sql stable security definer set search_path = pg_catalog, ops, live as $$
        select b.member_id
        from unnest(bars, kinds) found (bar_id, kind) join ops.bar b on b.bar_id = found.bar_id
        where b.lifted_at is null and b.ends_on >= today and not exists (
            select from live.restriction r
            where r.member_id = b.member_id and r.ended_at is null
                and (r.started_at at time zone 'Asia/Seoul')::date <= today
                and (r.purpose is null or r.purpose = 'joining_limit')
                and (r.item is null or r.item = found.kind
                    or found.kind = 'name_birth' and r.item in ('name', 'birth_date'))
        )
        group by b.bar_id, b.member_id
        having sum(case found.kind when 'email' then 2 else 1 end) >= 2
        order by b.bar_id limit 1
    $$
"""
_FUNCTIONS = {
    "ops.other_officers(uuid)": _OTHERS,
    "ops.place_bar(uuid, uuid, uuid, text, timestamptz, date)": _PLACE,
    "ops.bars(uuid, date)": _LISTED,
    "ops.withdrawal_bar(bytea, bytea, date)": _LEFT,
    "ops.object_to_bar(uuid, uuid, timestamptz)": _OBJECTED,
    "ops.lift_bar(uuid, uuid, timestamptz)": _LIFT,
    "ops.keep_bar(uuid, uuid, text, timestamptz)": _KEEP,
    "ops.barred(uuid[], text[], date)": _BARRED,
}


def _tables() -> None:
    op.create_table(
        "bar",
        sa.Column("bar_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.Uuid(), nullable=False),
        sa.Column("placed_at", _WHEN, nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("known_by", sa.ARRAY(sa.Text())),
        sa.Column("objected_at", _WHEN),
        sa.Column("answered_by", sa.Uuid()),
        sa.Column("answered_at", _WHEN),
        sa.Column("kept_why", sa.Text()),
        sa.Column("lifted_by", sa.Uuid()),
        sa.Column("lifted_at", _WHEN),
        sa.CheckConstraint(
            "why in ('deceit', 'harassment', 'false_identity', 'unasked_sales', 'offers_misused')",
            name=op.f("ck_bar_why"),
        ),
        sa.CheckConstraint(
            "kept_why in ('shown_by_records', 'happened_again', 'others_at_risk')",
            name=op.f("ck_bar_kept_why"),
        ),
        sa.CheckConstraint(
            "(answered_by is null) = (answered_at is null)", name=op.f("ck_bar_answered")
        ),
        sa.CheckConstraint(
            "answered_at is null or objected_at is not null", name=op.f("ck_bar_asked_first")
        ),
        sa.CheckConstraint("kept_why is null or answered_at is not null", name=op.f("ck_bar_kept")),
        sa.CheckConstraint(
            "answered_at is null or kept_why is not null or lifted_at is not null",
            name=op.f("ck_bar_reasoned"),
        ),
        sa.CheckConstraint("(lifted_by is null) = (lifted_at is null)", name=op.f("ck_bar_lifted")),
        sa.PrimaryKeyConstraint("bar_id", name=op.f("pk_bar")),
        *(
            sa.ForeignKeyConstraint(
                [name], ["ops.staff.staff_id"], name=op.f(f"fk_bar_{name}_staff")
            )
            for name in ("placed_by", "answered_by", "lifted_by")
        ),
        schema="ops",
    )
    op.create_index(
        "uq_bar_standing", "bar", ["member_id"], unique=True, schema="ops",
        postgresql_where=sa.text("lifted_at is null"),
    )  # fmt: skip
    op.create_index(op.f("ix_bar_ends_on"), "bar", ["ends_on"], schema="ops")
    op.create_table(
        "joining_check",
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["ops.company.company_id"],
            name=op.f("fk_joining_check_company_id_company"),
        ),
        sa.PrimaryKeyConstraint("company_id", "day", name=op.f("pk_joining_check")),
        schema="ops",
    )  # fmt: skip


def _rights() -> None:
    op.execute("alter table ops.bar enable row level security")
    op.execute("create policy work on ops.bar to portal_work using (true) with check (true)")
    op.execute(
        f"create policy subject on ops.bar to portal_web using ({_MINE}) with check ({_MINE})"
    )
    op.execute("grant select, insert, update, delete on ops.bar to portal_work")
    # The portal's member sees theirs and objects; officers' deeds go through the functions.
    op.execute("grant select, update (objected_at) on ops.bar to portal_web")
    op.execute("grant select, insert, update on ops.joining_check to portal_web")
    op.execute("grant select, insert, update, delete on ops.joining_check to portal_work")
    for signature, function in _FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to portal_web, portal_work")


def _noted(words: str) -> None:
    op.drop_constraint("ck_journal_kind", "journal", schema="ops")
    op.create_check_constraint(
        op.f("ck_journal_kind"), "journal", f"kind in ({words})", schema="ops"
    )


def upgrade() -> None:
    """Make tables, functions and grants; let the journal note bars."""
    _tables()
    _rights()
    _noted(f"{_NOTED}, {_BARS_NOTED}")


def downgrade() -> None:
    """Drop them: everybody may join again."""
    op.execute(f"delete from ops.journal where kind in ({_BARS_NOTED})")  # noqa: S608 (constants)
    _noted(_NOTED)
    for signature in reversed(_FUNCTIONS):
        op.execute(f"drop function {signature}")
    for table in ("joining_check", "bar"):
        op.drop_table(table, schema="ops")
