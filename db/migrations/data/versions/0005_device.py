"""Which browser a session came from, by a cookie of its own: the session's cookie is made anew.

Also the answers of sign-in providers that counted, so that none counts twice.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both; sessions that are open say nothing of their browser."""
    op.add_column("session", sa.Column("device_digest", sa.LargeBinary()), schema="ops")
    op.create_table(
        "answer",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_answer")),
        schema="ops",
    )
    op.execute("grant select, insert, delete on ops.answer to portal_web, portal_work")


def downgrade() -> None:
    """Drop them."""
    op.drop_table("answer", schema="ops")
    op.drop_column("session", "device_digest", schema="ops")
