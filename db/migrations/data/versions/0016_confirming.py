"""Let the daily run find the advertising that must be confirmed again without reading all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_STORES = ("live", "dormant", "retained")
_ADVERTISING = "kind in ('advertising', 'advertising_night') and granted"


def upgrade() -> None:
    """Index a yes to advertising by its instant."""
    for schema in _STORES:
        op.create_index(
            "ix_consent_advertising",
            "consent",
            ["decided_at"],
            schema=schema,
            postgresql_where=sa.text(_ADVERTISING),
        )


def downgrade() -> None:
    """Read all again."""
    for schema in _STORES:
        op.drop_index("ix_consent_advertising", "consent", schema=schema)
