"""What is due, held, destroyed and noted; paper; and the right to vacuum what was destroyed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0011"
branch_labels = None
depends_on = None

_STORES = ("live", "dormant", "retained")
_GRANTS = {
    "ops.hold": ("select, insert, update (lifted_by, lifted_at)", "select, insert, update"),
    # What the portal notes it can't read back: only the worker copies the journal out.
    "ops.journal": ("insert", "select, insert, delete"),
    "ops.destruction_run": ("select", "select, insert, update"),
    "ops.destruction": ("select", "select, insert, update"),
    "ops.key_due": (None, "select, insert, update, delete"),
    "ops.overdue_import": (
        "select, update (confirmed_by, confirmed_at)", "select, insert, update",
    ),
    "ops.paper_destruction": ("select, insert", "select"),
}  # fmt: skip
"""What the portal and the worker may do with each table."""
_DATED = " union all ".join(  # noqa: S608 (our own words)
    f"select member_id, kind, ends_on, {store == 'live'} as imported from {store}.record "  # noqa: S608
    f"where {{which}} union all "
    f"select member_id, 'inbox', ends_on, false from {store}.inbox where {{which}}"
    for store in _STORES
) + (
    " union all select member_id, 'after_withdrawal', ends_on, false from retained.profile_value"
    " where ends_on is not null and {which}"
)
"""Every row with a last day, of every store; imports bring records of live members."""
_OVERDUE = f"""
    create function ops.overdue(today date)
    returns table (kind text, due bigint, oldest date, held bigint, waiting bigint)
    language sql stable security definer set search_path = pg_catalog, ops as $$
        with dated as ({_DATED.format(which="ends_on < today")}), judged as (
            select d.kind, d.ends_on, exists (
                select from ops.hold h where h.lifted_at is null and h.ends_on >= today
                and (h.member_id is null or h.member_id = d.member_id)
                and (h.kind is null or h.kind = d.kind)
            ) as held, d.imported and d.ends_on < coalesce(
                (select max(day) from ops.overdue_import where confirmed_at is null), '-infinity'
            ) as waiting
            from dated d
        )
        select kind, count(*) filter (where not held and not waiting),
            min(ends_on) filter (where not held and not waiting),
            count(*) filter (where held), count(*) filter (where waiting and not held)
        from judged group by kind order by kind
    $$
"""  # noqa: S608 (our own words)
_ENDING = f"""
    create function ops.ending(today date, until date)
    returns table (month date, kind text, rows bigint)
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select date_trunc('month', ends_on)::date, kind, count(*)
        from ({_DATED.format(which="ends_on >= today and ends_on < until")}) dated
        group by 1, 2 order by 1, 2
    $$
"""  # noqa: S608 (our own words)
_ON_PAPER = " union all ".join(
    f"select 'profile' as kind, member_id, obtained_on from {store}.profile_value "  # noqa: S608 (our own words)
    f"where source = 'paper' union all "
    f"select kind, member_id, obtained_on from {store}.record where source = 'paper'"
    for store in _STORES
)
# A form is what one member gave on paper on one day.
_PAPER = f"""
    create function ops.forms_on_paper() returns table (kind text, forms bigint)
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select kind, count(*) from (
            select distinct kind, member_id, obtained_on from ({_ON_PAPER}) rows
        ) forms group by kind order by kind
    $$
"""  # noqa: S608 (our own words)
_FUNCTIONS = {
    "ops.overdue(date)": _OVERDUE,
    "ops.ending(date, date)": _ENDING,
    "ops.forms_on_paper()": _PAPER,
}
"""Numbers and days for the officer's desk, of stores that the portal can't read."""
_MAINTAIN = """
    do $$ begin
        if current_setting('server_version_num')::int >= 170000 then
            grant maintain on all tables in schema {schemas} to portal_work;
            alter default privileges in schema {schemas} grant maintain on tables to portal_work;
        end if;
    end $$
"""
# Only the owner of the whole server may give these; on a server of one's own its owner decides.
_WAL = """
    do $$ begin
        grant pg_checkpoint to portal_work;
        grant execute on function pg_switch_wal() to portal_work;
    exception when insufficient_privilege then null;
    end $$
"""


def _run_tables() -> None:
    op.create_table(
        "destruction_run",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("vacuumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_over", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_destruction_run")),
        schema="ops",
    )
    op.create_index(
        "ix_destruction_run_open",
        "destruction_run",
        ["started_at"],
        unique=False,
        schema="ops",
        postgresql_where=sa.text("verified_at is null"),
    )
    op.create_table(
        "journal",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "kind in ('cleared', 'corrected', 'consent', 'withdrawn', 'separated', 'reactivated', "
            "'held', 'hold_lifted', 'import_confirmed', 'destroyed')",
            name=op.f("ck_journal_kind"),
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_journal")),
        schema="ops",
    )
    op.create_index(op.f("ix_journal_at"), "journal", ["at"], unique=False, schema="ops")
    op.create_table(
        "key_due",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_key_due")),
        schema="ops",
    )
    op.create_table(
        "destruction",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("on_paper", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "method in ('rows', 'rows_and_key')", name=op.f("ck_destruction_method")
        ),
        sa.CheckConstraint(
            "store in ('live', 'dormant', 'retained')", name=op.f("ck_destruction_store")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["ops.destruction_run.run_id"],
            name=op.f("fk_destruction_run_id_destruction_run"),
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "store", "kind", "policy_version", name=op.f("pk_destruction")
        ),
        schema="ops",
    )


def _standing_tables() -> None:
    op.create_table(
        "hold",
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("placed_by", sa.Uuid(), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "why in ('lawsuit', 'investigation', 'dispute', 'audit')", name=op.f("ck_hold_why")
        ),
        sa.CheckConstraint(
            "(lifted_by is null) = (lifted_at is null)", name=op.f("ck_hold_lifted")
        ),
        sa.CheckConstraint(
            "member_id is not null or kind is not null", name=op.f("ck_hold_something")
        ),
        sa.ForeignKeyConstraint(
            ["lifted_by"], ["ops.staff.staff_id"], name=op.f("fk_hold_lifted_by_staff")
        ),
        sa.ForeignKeyConstraint(
            ["placed_by"], ["ops.staff.staff_id"], name=op.f("fk_hold_placed_by_staff")
        ),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk_hold")),
        schema="ops",
    )
    op.create_index(
        "ix_hold_standing",
        "hold",
        ["ends_on"],
        unique=False,
        schema="ops",
        postgresql_where=sa.text("lifted_at is null"),
    )
    op.create_table(
        "overdue_import",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("planned", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["confirmed_by"],
            ["ops.staff.staff_id"],
            name=op.f("fk_overdue_import_confirmed_by_staff"),
        ),
        sa.PrimaryKeyConstraint("import_id", name=op.f("pk_overdue_import")),
        schema="ops",
    )
    op.create_index(
        "uq_overdue_import_waiting",
        "overdue_import",
        ["source"],
        unique=True,
        schema="ops",
        postgresql_where=sa.text("confirmed_at is null"),
    )
    op.create_table(
        "paper_destruction",
        sa.Column("paper_destruction_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("forms", sa.Integer(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("destroyed_on", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "method in ('shredding', 'incineration')", name=op.f("ck_paper_destruction_method")
        ),
        sa.CheckConstraint("forms > 0", name=op.f("ck_paper_destruction_some")),
        sa.ForeignKeyConstraint(
            ["recorded_by"],
            ["ops.staff.staff_id"],
            name=op.f("fk_paper_destruction_recorded_by_staff"),
        ),
        sa.PrimaryKeyConstraint("paper_destruction_id", name=op.f("pk_paper_destruction")),
        schema="ops",
    )


def _columns() -> None:
    paper, dated = sa.text("source = 'paper'"), sa.text("ends_on is not null")
    for schema in _STORES:
        op.add_column(
            "profile_value", sa.Column("ends_on", sa.Date(), nullable=True), schema=schema
        )
        op.create_index(
            op.f("ix_profile_value_ends_on"), "profile_value", ["ends_on"],
            schema=schema, postgresql_where=dated,
        )  # fmt: skip
        for table in ("profile_value", "record"):
            op.create_index(
                f"ix_{table}_paper", table, ["member_id", "obtained_on"],
                schema=schema, postgresql_where=paper,
            )  # fmt: skip


def _rights() -> None:
    for table, (web, work) in _GRANTS.items():
        if web:
            op.execute(f"grant {web} on {table} to portal_web")
        op.execute(f"grant {work} on {table} to portal_work")
    for signature, function in _FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to portal_web, portal_work")
    op.execute(_MAINTAIN.format(schemas="live, dormant, retained, ops"))
    op.execute(_WAL)


def upgrade() -> None:
    """Make tables, columns, functions and grants."""
    _run_tables()
    _standing_tables()
    _columns()
    _rights()


def downgrade() -> None:
    """Drop them; holds and destruction records are lost."""
    op.execute("revoke execute on function pg_switch_wal() from portal_work")
    for signature in _FUNCTIONS:
        op.execute(f"drop function {signature}")
    op.execute(
        "revoke maintain on all tables in schema live, dormant, retained, ops from portal_work"
    )
    op.execute(
        "alter default privileges in schema live, dormant, retained, ops "
        "revoke maintain on tables from portal_work"
    )
    for schema in _STORES:
        for index, table in (
            ("ix_record_paper", "record"),
            ("ix_profile_value_paper", "profile_value"),
            ("ix_profile_value_ends_on", "profile_value"),
        ):
            op.drop_index(index, table, schema=schema)
        op.drop_column("profile_value", "ends_on", schema=schema)
    for table in (
        "paper_destruction", "overdue_import", "hold", "destruction", "destruction_run",
        "key_due", "journal",
    ):  # fmt: skip
        op.drop_table(table, schema="ops")
