"""Let an officer lift a suspension while the child sleeps, and of no child of their own."""

from __future__ import annotations

from alembic import op

revision = "0040"
down_revision = "0038"
branch_labels = None
depends_on = None

_OFFICER = (
    "exists (select from ops.staff s "
    "where s.staff_id = staff and s.role = 'officer' and s.ended_at is null)"
)
_HELPS = f"{_OFFICER} and ops.helps(staff, child)"


def _lift(create: str, store: str, may: str) -> str:
    # Suspended again on the day of the lifting, the child is on the list of the day again.
    return f"""
    {create}(staff uuid, child uuid, today date) returns setof {store}.guardianship
    language sql volatile security definer set search_path = pg_catalog as $$
        update {store}.member set unguarded_seen_on = null where member_id = child and {may};
        update {store}.guardianship set suspended_until = today - 1
        where member_id = child and suspended_on <= today
            and (suspended_until is null or suspended_until >= today) and {may}
        returning *
    $$
    """  # noqa: S608 (constants)


_AWAKE = "create or replace function ops.lift_suspensions"
_ASLEEP = "ops.lift_asleep(uuid, uuid, date)"


def upgrade() -> None:
    """Make the function, and bind the one for children who are awake to the same rule."""
    op.execute(_lift(_AWAKE, "live", _HELPS))
    op.execute(_lift("create function ops.lift_asleep", "dormant", _HELPS))
    op.execute(f"revoke execute on function {_ASLEEP} from public")
    op.execute(f"grant execute on function {_ASLEEP} to portal_web, portal_work")


def downgrade() -> None:
    """Know only children who are awake; an officer may again lift what is about their own child."""
    op.execute(f"drop function {_ASLEEP}")
    op.execute(_lift(_AWAKE, "live", _OFFICER))
