"""An officer lets a paper say who may act for a child, begun from an open case about the child."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028b"
branch_labels = None
depends_on = None

_SIGNATURE = "ops.begin_custody(uuid, uuid, uuid, timestamptz, timestamptz)"
# Only an officer, only about a child that somebody acts or acted for, and never about their own:
# the case gives the right to decide who acts for the child and no other, as a dispute's does.
_BEGIN = """
    create function ops.begin_custody(
        staff uuid, which uuid, matter uuid, at timestamptz, until timestamptz
    ) returns uuid
    language sql volatile security definer set search_path = pg_catalog, live, ops as $$
        insert into ops."case" (
            case_id, member_id, staff_id, opened_at, granted_until, permissions, request_id
        )
        select gen_random_uuid(), m.member_id, staff, at,
            least(until, at + interval '30 minutes'), array['dispute_decide'], matter
        from ops."case" c join live.member m using (member_id)
        where c.case_id = which and c.closed_at is null and c.kind in ('call', 'recovery')
            and m.turns_14_on > (at at time zone 'Asia/Seoul')::date
            and exists (select from live.guardianship g where g.member_id = m.member_id)
            and exists (
                select from ops.staff s
                where s.staff_id = staff and s.role = 'officer' and s.ended_at is null
            )
            and ops.helps(staff, m.member_id)
        returning case_id
    $$
"""


def upgrade() -> None:
    """Make the function, for the portal."""
    op.execute(_BEGIN)
    op.execute(f"revoke execute on function {_SIGNATURE} from public")
    op.execute(f"grant execute on function {_SIGNATURE} to portal_web, portal_work")


def downgrade() -> None:
    """Drop it."""
    op.execute(f"drop function {_SIGNATURE}")
