"""Let a copy that a guardian asked for by phone say whose it is beside the child's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035b"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the column; of copies from before nobody but the child knows."""
    op.add_column("export", sa.Column("guardian_id", sa.Uuid()), schema="ops")
    op.create_check_constraint(
        op.f("ck_export_by_phone"), "export",
        "guardian_id is null or (actor_kind = 'staff' and case_id is not null)", schema="ops",
    )  # fmt: skip


def downgrade() -> None:
    """Let such copies be the child's alone again."""
    op.drop_constraint(op.f("ck_export_by_phone"), "export", schema="ops")
    op.drop_column("export", "guardian_id", schema="ops")
