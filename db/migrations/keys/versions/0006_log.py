"""Let the worker begin the log anew: what it still has of a destroyed key goes with it."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give the right; only the owner of the whole server may, elsewhere its owner decides."""
    op.execute(
        """
        do $$ begin
            grant execute on function pg_switch_wal() to portal_work;
        exception when insufficient_privilege then null;
        end $$
        """
    )


def downgrade() -> None:
    """Take it back."""
    op.execute("revoke execute on function pg_switch_wal() from portal_work")
