"""Say of whom it is known whether they are old enough to be a guardian.

Of nobody who is here: the hourly run looks at their birth dates, and what is new says it itself.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0037"
branch_labels = None
depends_on = None

_STORES = ("live", "dormant", "retained")


def upgrade() -> None:
    """Add the column, empty, and the index by which the run finds whom it has not looked at."""
    for store in _STORES:
        op.add_column("member", sa.Column("age_known", sa.Boolean()), schema=store)
    op.create_index(
        "ix_member_age_unread", "member", ["member_id"], schema="live",
        postgresql_where=sa.text("age_known is null"),
    )  # fmt: skip


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_member_age_unread", table_name="member", schema="live")
    for store in _STORES:
        op.drop_column("member", "age_known", schema=store)
