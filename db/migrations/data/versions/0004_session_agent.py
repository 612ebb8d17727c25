"""What browser a session came from, in two words, for the member's own list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; sessions that are open say nothing."""
    op.add_column("session", sa.Column("agent", sa.Text(), nullable=True), schema="ops")


def downgrade() -> None:
    """Drop it."""
    op.drop_column("session", "agent", schema="ops")
