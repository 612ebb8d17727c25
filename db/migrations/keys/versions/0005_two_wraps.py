"""Let a key carry the wrap of the store its member moves to, until the rows have moved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None

# While a member comes back, their rows are live a moment before their key says so.
_LIVE_KEY = """
    create or replace function keys.live_key(who uuid) returns bytea
    language sql stable security definer set search_path = pg_catalog, keys as $$
        select case when store = 'live' then wrapped else next_wrapped end from keys.member_key
        where member_id = who and (store = 'live' or next_store = 'live')
    $$
"""
_LIVE_KEY_BEFORE = """
    create or replace function keys.live_key(who uuid) returns bytea
    language sql stable security definer set search_path = pg_catalog, keys as $$
        select wrapped from keys.member_key where member_id = who and store = 'live'
    $$
"""


def upgrade() -> None:
    """Make the columns."""
    op.add_column("member_key", sa.Column("next_store", sa.Text()), schema="keys")
    op.add_column("member_key", sa.Column("next_wrapped", sa.LargeBinary()), schema="keys")
    op.create_check_constraint(
        op.f("ck_member_key_next_store"), "member_key",
        "next_store in ('live', 'dormant', 'retained')", schema="keys",
    )  # fmt: skip
    op.create_check_constraint(
        op.f("ck_member_key_next"), "member_key",
        "(next_store is null) = (next_wrapped is null) and next_store <> store", schema="keys",
    )  # fmt: skip
    op.create_index(
        "ix_member_key_moving", "member_key", ["member_id"],
        schema="keys", postgresql_where=sa.text("next_store is not null"),
    )  # fmt: skip
    op.execute(_LIVE_KEY)


def downgrade() -> None:
    """Drop them. Let moves under way end first (`python -m services daily`)."""
    op.execute(_LIVE_KEY_BEFORE)
    op.drop_index("ix_member_key_moving", "member_key", schema="keys")
    for name in ("next", "next_store"):
        op.drop_constraint(f"ck_member_key_{name}", "member_key", schema="keys")
    for column in ("next_wrapped", "next_store"):
        op.drop_column("member_key", column, schema="keys")
