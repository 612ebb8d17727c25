"""Keep the key of each file that a member takes apart from the file, and let it be destroyed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0007"
branch_labels = None
depends_on = None

# One file's key, by whose it is and which: the portal can't list keys.
_EXPORT_KEY = """
    create function keys.export_key(who uuid, which uuid) returns bytea
    language sql stable security definer set search_path = pg_catalog, keys as $$
        select wrapped from keys.export_key where member_id = who and export_id = which
    $$
"""


def upgrade() -> None:
    """Make table, function and grants."""
    op.create_table(
        "export_key",
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("export_id", name=op.f("pk_export_key")),
        schema="keys",
    )
    op.create_index(op.f("ix_export_key_member_id"), "export_key", ["member_id"], schema="keys")
    op.execute(_EXPORT_KEY)
    op.execute("revoke execute on function keys.export_key(uuid, uuid) from public")
    op.execute("grant execute on function keys.export_key(uuid, uuid) to portal_web, portal_work")
    op.execute("grant select, insert, update, delete on keys.export_key to portal_work")


def downgrade() -> None:
    """Drop them; every file that waits to be taken becomes unreadable."""
    op.execute("drop function keys.export_key(uuid, uuid)")
    op.drop_table("export_key", schema="keys")
