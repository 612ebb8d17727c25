"""Let a member ask the same thing once at a time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0008"
branch_labels = None
depends_on = None

_STORES = ("live", "dormant", "retained")
_SAME = ["member_id", "kind", "item", "seq", "purpose", "objects_to"]


def upgrade() -> None:
    """Of open requests of one kind for one thing there is one."""
    for schema in _STORES:
        op.create_index(
            "uq_request_open",
            "request",
            _SAME,
            unique=True,
            schema=schema,
            postgresql_nulls_not_distinct=True,
            postgresql_where=sa.text("state = 'open'"),
        )


def downgrade() -> None:
    """Let there be several again."""
    for schema in _STORES:
        op.drop_index("uq_request_open", "request", schema=schema)
