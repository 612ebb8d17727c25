"""Let who is due to sleep be read in order, a batch from where the last one ended."""

from __future__ import annotations

from alembic import op

revision = "0028b"
down_revision = "0027c"
branch_labels = None
depends_on = None

_BEFORE, _NOW = ("last_counted_on",), ("last_counted_on", "member_id")


def _index(old: tuple[str, ...], new: tuple[str, ...]) -> None:
    for schema in ("live", "dormant", "retained"):
        op.drop_index(op.f("ix_member_" + "_".join(old)), "member", schema=schema)
        name = op.f("ix_member_" + "_".join(new))
        op.create_index(name, "member", list(new), schema=schema)


def upgrade() -> None:
    """Put the member beside the day."""
    _index(_BEFORE, _NOW)


def downgrade() -> None:
    """Take the member away."""
    _index(_NOW, _BEFORE)
