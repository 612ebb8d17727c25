"""The portal's role looks at one staff password hash by its exact login, and can't list them."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SEEN = (
    "staff_id, staff_no, login_id, role, assigned_until, trained_until, password_set_on, ended_at"
)
_LOOK_UP = """
    create function ops.staff_secret(login text) returns text
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select password_hash from ops.staff where lower(login_id) = lower(login)
    $$
"""


def upgrade() -> None:
    """Take the column away and give the function."""
    op.execute("revoke select on ops.staff from portal_web")
    op.execute(f"grant select ({_SEEN}) on ops.staff to portal_web")
    op.execute(_LOOK_UP)
    op.execute("revoke execute on function ops.staff_secret(text) from public")
    op.execute("grant execute on function ops.staff_secret(text) to portal_web, portal_work")


def downgrade() -> None:
    """Give the whole table back."""
    op.execute("drop function ops.staff_secret(text)")
    op.execute("revoke select on ops.staff from portal_web")
    op.execute("grant select on ops.staff to portal_web")
