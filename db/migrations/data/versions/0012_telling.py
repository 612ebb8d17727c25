"""What a company confirms, and which companies are late."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0014"
branch_labels = None
depends_on = None

# Whoever has a notice's secret sees that notice and nothing else.
_ASKED = """
    create function ops.asked_dispatch(exact bytea)
    returns table (
        member_id uuid, company_id text, name text, change text, items text[],
        created_at timestamptz, answered_at timestamptz
    )
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select d.member_id, d.company_id, c.name, d.change, d.items, d.created_at, d.answered_at
        from ops.dispatch d join ops.company c on c.company_id = d.company_id
        where d.answer_digest = exact
    $$
"""
# The desk sees companies and counts, never whose notices they are.
_LATE = """
    create function ops.late_companies(before timestamptz)
    returns table (
        company_id text, name text, means text, waiting bigint, failed bigint, oldest timestamptz
    )
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select c.company_id, c.name, c.means,
            count(*) filter (where d.failed_at is null),
            count(*) filter (where d.failed_at is not null), min(d.created_at)
        from ops.dispatch d join ops.company c on c.company_id = d.company_id
        where d.answered_at is null
            and (c.ended_at is null or d.change = 'contract_ended')
            and (d.failed_at is not null or d.created_at < before or c.means = 'none')
        group by c.company_id, c.name, c.means
        order by min(d.created_at), c.company_id
    $$
"""
_FUNCTIONS = {"ops.asked_dispatch(bytea)": _ASKED, "ops.late_companies(timestamptz)": _LATE}


def upgrade() -> None:
    """Make the functions."""
    for signature, function in _FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to portal_web, portal_work")


def downgrade() -> None:
    """Drop them."""
    for signature in _FUNCTIONS:
        op.execute(f"drop function {signature}")
