"""A new value that waits for its link knows who asked for it: a guardian may be stopped by then."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031b"
branch_labels = None
depends_on = None

_STORES = ("live", "dormant", "retained")


def upgrade() -> None:
    """Add the column. Of a link from before nobody knows: it works no more, for a day at most."""
    for store in _STORES:
        op.add_column("pending_value", sa.Column("asked_by", sa.Uuid()), schema=store)


def downgrade() -> None:
    """Drop it."""
    for store in _STORES:
        op.drop_column("pending_value", "asked_by", schema=store)
