"""Tell whether a provider knows a member already: a second subject must not take them over."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the function; links made before name no issuer and are left as they are."""
    op.execute(
        """
        create function keys.has_sign_in(member uuid, issuer text) returns boolean
        language sql stable security definer set search_path = pg_catalog, keys as $$
            select exists (select from keys.sign_in where member_id = member and provider = issuer)
        $$
        """
    )
    op.execute("revoke execute on function keys.has_sign_in(uuid, text) from public")
    op.execute("grant execute on function keys.has_sign_in(uuid, text) to portal_web")


def downgrade() -> None:
    """Drop it."""
    op.execute("drop function keys.has_sign_in(uuid, text)")
