"""Keep the key of each report apart from what it seals, and let it be destroyed with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

# One report's key, by which one: the portal adds and reads, and can't list.
_FUNCTIONS = {
    "keys.report_key(uuid)": """
        create function keys.report_key(which uuid) returns bytea
        language sql stable security definer set search_path = pg_catalog, keys as $$
            select wrapped from keys.report_key where report_id = which
        $$
    """,
    "keys.keep_report_key(uuid, bytea, timestamptz)": """
        create function keys.keep_report_key(which uuid, sealed bytea, at timestamptz)
        returns void
        language sql volatile security definer set search_path = pg_catalog, keys as $$
            insert into keys.report_key (report_id, wrapped, created_at)
            values (which, sealed, at) on conflict do nothing
        $$
    """,
}


def upgrade() -> None:
    """Make table, functions and grants."""
    op.create_table(
        "report_key",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report_key")),
        schema="keys",
    )
    for signature, function in _FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to portal_web, portal_work")
    op.execute("grant select, insert, update, delete on keys.report_key to portal_work")


def downgrade() -> None:
    """Drop them; every report becomes unreadable."""
    for signature in _FUNCTIONS:
        op.execute(f"drop function {signature}")
    op.drop_table("report_key", schema="keys")
