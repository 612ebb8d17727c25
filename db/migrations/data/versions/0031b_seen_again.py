"""A child whose guardians may act again is looked after anew when it is left alone once more."""

from __future__ import annotations

from alembic import op

revision = "0031b"
down_revision = "0031"
branch_labels = None
depends_on = None

_OFFICER = (
    "exists (select from ops.staff s "
    "where s.staff_id = staff and s.role = 'officer' and s.ended_at is null)"
)
# Suspended again on the day of the lifting, the child is on the list of the day again.
_SEEN = f"""
        update live.member set unguarded_seen_on = null where member_id = child and {_OFFICER};"""  # noqa: S608 (a constant)


def _lift(before: str) -> str:
    return f"""
    create or replace function ops.lift_suspensions(staff uuid, child uuid, today date)
    returns setof live.guardianship
    language sql volatile security definer set search_path = pg_catalog as $${before}
        update live.guardianship set suspended_until = today - 1
        where member_id = child and suspended_on <= today
            and (suspended_until is null or suspended_until >= today) and {_OFFICER}
        returning *
    $$
    """  # noqa: S608 (constants)


def upgrade() -> None:
    """Let a lifting forget when the child was seen."""
    op.execute(_lift(_SEEN))


def downgrade() -> None:
    """Let it remember."""
    op.execute(_lift(""))
