"""List a new sign-in until it has come: its wait is longer than what is asked for stays open."""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0029"
branch_labels = None
depends_on = None


def _steps(open_: str) -> None:
    op.execute(f"""
    create or replace function ops.open_steps(staff uuid, at timestamptz, most int)
    returns table (member_id uuid, case_id uuid, step_id uuid, what text, items text[], state text,
        asked_by uuid, asked_at timestamptz, expires_at timestamptz, waits_until timestamptz,
        case_no text, staff_no text)
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select s.member_id, s.case_id, s.step_id, s.what, s.items, s.state, s.asked_by, s.asked_at,
            s.expires_at, s.waits_until, c.case_no, p.staff_no
        from ops.case_step s join ops."case" c using (case_id)
        join ops.staff p on p.staff_id = s.asked_by
        where s.state in ('waiting', 'running') and {open_}
            and c.closed_at is null and exists (
                select from ops.staff o where o.staff_id = staff and o.ended_at is null
            )
        order by s.asked_at, s.step_id limit most
    $$
    """)  # noqa: S608 (our own words)


def upgrade() -> None:
    """Let what runs be listed however long ago it was asked for."""
    _steps("(s.state = 'running' or s.expires_at > at)")


def downgrade() -> None:
    """List nothing that was asked for too long ago."""
    _steps("s.expires_at > at")
