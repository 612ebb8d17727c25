"""The ledger's daily seals: what each lists, its Merkle root, signed and chained."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLES = "ledger.seal, ledger.seal_part"


def _seal() -> None:
    op.create_table(
        "seal",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("first_event_id", sa.BigInteger(), nullable=True),
        sa.Column("last_event_id", sa.BigInteger(), nullable=True),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_seal")),
        schema="ledger",
    )


def _seal_part() -> None:
    op.create_table(
        "seal_part",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("first_event_id", sa.BigInteger(), nullable=False),
        sa.Column("last_event_id", sa.BigInteger(), nullable=False),
        sa.Column("event_ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["day"],
            ["ledger.seal.day"],
            name=op.f("fk_seal_part_day_seal"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("day", "part", name=op.f("pk_seal_part")),
        schema="ledger",
    )


def upgrade() -> None:
    """Make the seals: the worker adds them, the portal reads them, nobody changes one."""
    _seal()
    _seal_part()
    # Events come in the order of their time, so the smallest kind of index finds a day's.
    op.create_index(op.f("ix_event_at"), "event", ["at"], schema="ledger", postgresql_using="brin")
    op.execute(f"grant select, insert on {_TABLES} to portal_work")
    op.execute(f"grant select on {_TABLES} to portal_web")


def downgrade() -> None:
    """Drop the seals."""
    op.drop_index(op.f("ix_event_at"), table_name="event", schema="ledger")
    op.drop_table("seal_part", schema="ledger")
    op.drop_table("seal", schema="ledger")
