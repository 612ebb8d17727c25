"""Disclosures are checked once, demands need two officers, and cases for them are the officer's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0013"
branch_labels = None
depends_on = None

_STORES = ("live", "dormant", "retained")
_OFFICER = (
    "exists (select 1 from ops.staff s "
    "where s.staff_id = staff and s.role = 'officer' and s.ended_at is null)"
)
# As with requests: no right but this one, half an hour at most, for officers who are in office.
_CASE = """
    create function ops.open_demand_case(
        staff uuid, member uuid, demand uuid, at timestamptz, until timestamptz
    ) returns uuid
    language sql volatile security definer set search_path = pg_catalog, live, ops as $$
        insert into ops."case" (
            case_id, member_id, staff_id, opened_at, granted_until, permissions, request_id
        )
        select gen_random_uuid(), m.member_id, s.staff_id, at,
            least(until, at + interval '30 minutes'), array['demand_enter'], demand
        from live.member m, ops.staff s
        where m.member_id = member and s.staff_id = staff and s.role = 'officer'
            and s.ended_at is null
        returning case_id
    $$
"""
_DEMANDS = f"""
    create function ops.open_demands(staff uuid)
    returns table (
        member_id uuid, demand_id uuid, authority text, legal_basis text, items text[],
        received_on date, entered_by uuid, entered_no text, entered_at timestamptz, shown_from date
    )
    language sql stable security definer set search_path = pg_catalog, live, ops as $$
        select d.member_id, d.demand_id, d.authority, d.legal_basis, d.items, d.received_on,
            d.entered_by, e.staff_no, d.entered_at, d.shown_from
        from live.demand d left join ops.staff e on e.staff_id = d.entered_by
        where d.approved_at is null and d.refused_at is null and {_OFFICER}
        order by d.received_on, d.entered_at, d.demand_id
    $$
"""  # noqa: S608 (a constant)
_FINDINGS = f"""
    create function ops.open_findings(staff uuid, skip int, most int)
    returns table (
        finding_id uuid, kind text, found_at timestamptz, recipient text, items text[],
        purpose text, ground text, disclosed_on date
    )
    language sql stable security definer set search_path = pg_catalog, live, dormant, ops as $$
        select f.finding_id, f.kind, f.found_at, coalesce(c.name, d.recipient), d.items,
            d.purpose, d.ground, d.disclosed_on
        from ops.finding f
        left join (
            select member_id, disclosure_id, recipient, items, purpose, ground, disclosed_on
                from live.disclosure
            union all
            select member_id, disclosure_id, recipient, items, purpose, ground, disclosed_on
                from dormant.disclosure
        ) d on d.member_id = f.member_id and d.disclosure_id = f.row_id
        left join ops.company c on c.company_id = d.recipient
        where f.closed_at is null and {_OFFICER}
        order by f.found_at desc, f.finding_id
        offset skip limit most
    $$
"""  # noqa: S608 (a constant)
_FUNCTIONS = {
    "ops.open_demand_case(uuid, uuid, uuid, timestamptz, timestamptz)": _CASE,
    "ops.open_demands(uuid)": _DEMANDS,
    "ops.open_findings(uuid, int, int)": _FINDINGS,
}


def upgrade() -> None:
    """Make columns, the index of what is not checked yet, and the functions."""
    for schema in _STORES:
        op.add_column(
            "disclosure",
            sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
            schema=schema,
        )
        op.create_index(
            "ix_disclosure_unchecked",
            "disclosure",
            ["disclosed_on"],
            unique=False,
            schema=schema,
            postgresql_where=sa.text("checked_at is null"),
        )
        op.add_column(
            "demand", sa.Column("approved_items", sa.ARRAY(sa.Text()), nullable=True), schema=schema
        )
        op.execute(
            f"update {schema}.demand set approved_items = items where approved_by is not null"  # noqa: S608
        )
        op.create_check_constraint(
            op.f("ck_demand_two_officers"),
            "demand",
            "approved_by is null or approved_by <> entered_by",
            schema=schema,
        )
        op.create_check_constraint(
            op.f("ck_demand_minimum"),
            "demand",
            "(approved_items is null) = (approved_by is null) and approved_items <@ items",
            schema=schema,
        )
    for signature, function in _FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to portal_web")


def downgrade() -> None:
    """Drop them."""
    for signature in _FUNCTIONS:
        op.execute(f"drop function {signature}")
    for schema in _STORES:
        for name in ("ck_demand_minimum", "ck_demand_two_officers"):
            op.drop_constraint(name, "demand", schema=schema)
        op.drop_column("demand", "approved_items", schema=schema)
        op.drop_index("ix_disclosure_unchecked", "disclosure", schema=schema)
        op.drop_column("disclosure", "checked_at", schema=schema)
