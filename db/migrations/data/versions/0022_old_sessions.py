"""Let the daily run find sessions that ended long ago without reading all."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index a session by its start, which never changes: its activity does with every minute."""
    op.create_index(op.f("ix_session_started_at"), "session", ["started_at"], schema="ops")


def downgrade() -> None:
    """Read all again."""
    op.drop_index(op.f("ix_session_started_at"), table_name="session", schema="ops")
