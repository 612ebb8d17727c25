"""Keep the key of each case apart from what it seals, and let it be destroyed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0028"
branch_labels = None
depends_on = None

# One case's key, by whose it is and which: the portal adds and reads, and can't list.
_FUNCTIONS = {
    "keys.case_key(uuid, uuid)": """
        create function keys.case_key(who uuid, which uuid) returns bytea
        language sql stable security definer set search_path = pg_catalog, keys as $$
            select wrapped from keys.case_key where member_id = who and case_id = which
        $$
    """,
    "keys.keep_case_key(uuid, uuid, bytea, timestamptz)": """
        create function keys.keep_case_key(who uuid, which uuid, sealed bytea, at timestamptz)
        returns void
        language sql volatile security definer set search_path = pg_catalog, keys as $$
            insert into keys.case_key (case_id, member_id, wrapped, created_at)
            values (which, who, sealed, at) on conflict do nothing
        $$
    """,
}


def upgrade() -> None:
    """Make table, functions and grants."""
    op.create_table(
        "case_key",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_key")),
        schema="keys",
    )
    op.create_index(op.f("ix_case_key_member_id"), "case_key", ["member_id"], schema="keys")
    for signature, function in _FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to portal_web, portal_work")
    op.execute("grant select, insert, update, delete on keys.case_key to portal_work")


def downgrade() -> None:
    """Drop them; what is sealed with a case becomes unreadable."""
    for signature in _FUNCTIONS:
        op.execute(f"drop function {signature}")
    op.drop_table("case_key", schema="keys")
