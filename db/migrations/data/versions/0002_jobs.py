"""The queue of the worker (Procrastinate's tables), in a schema of its own."""

from __future__ import annotations

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the schema `jobs`. The portal may add jobs; the worker runs them."""
    op.execute("create schema jobs")
    op.execute("set local search_path = jobs")
    raw = op.get_bind().connection.driver_connection
    # The text holds % and : signs that must reach PostgreSQL untouched.
    raw.execute(SchemaManager.get_schema())  # type: ignore[union-attr]
    op.execute("set local search_path = public")
    op.execute("grant usage on schema jobs to portal_web, portal_work")
    op.execute("grant select, insert on jobs.procrastinate_jobs to portal_web")
    op.execute("grant insert on jobs.procrastinate_events to portal_web")
    op.execute("grant all on all tables in schema jobs to portal_work")
    op.execute("grant usage on all sequences in schema jobs to portal_web, portal_work")


def downgrade() -> None:
    """Drop the queue with what waits in it."""
    op.execute("drop schema jobs cascade")
