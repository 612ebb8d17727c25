"""The officer's desk: what protects outside the portal, and what it must know of other stores."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of confirmations: rows are added and read, never changed."""
    op.create_table(
        "safeguard_confirmation",
        sa.Column("confirmation_id", sa.Uuid(), nullable=False),
        sa.Column("safeguard", sa.Text(), nullable=False),
        sa.Column("checks", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "cardinality(checks) > 0", name=op.f("ck_safeguard_confirmation_something")
        ),
        sa.CheckConstraint(
            "checked_on <= (confirmed_at at time zone 'Asia/Seoul')::date",
            name=op.f("ck_safeguard_confirmation_not_ahead"),
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by"],
            ["ops.staff.staff_id"],
            name=op.f("fk_safeguard_confirmation_confirmed_by_staff"),
        ),
        sa.PrimaryKeyConstraint("confirmation_id", name=op.f("pk_safeguard_confirmation")),
        schema="ops",
    )
    op.execute("grant select, insert on ops.safeguard_confirmation to portal_web")
    op.execute("grant select on ops.safeguard_confirmation to portal_work")


def downgrade() -> None:
    """Drop it; what was confirmed is lost."""
    op.drop_table("safeguard_confirmation", schema="ops")
