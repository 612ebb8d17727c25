"""Let the worker vacuum the keys: a destroyed key must be gone from the files as well."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give the right, on servers that have it (PostgreSQL 17 and newer)."""
    op.execute(
        """
        do $$ begin
            if current_setting('server_version_num')::int >= 170000 then
                grant maintain on all tables in schema keys to portal_work;
                alter default privileges in schema keys grant maintain on tables to portal_work;
            end if;
        end $$
        """
    )


def downgrade() -> None:
    """Take it back."""
    op.execute("revoke maintain on all tables in schema keys from portal_work")
    op.execute("alter default privileges in schema keys revoke maintain on tables from portal_work")
