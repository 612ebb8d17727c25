"""Digests of members who may not join again: they stay when the member leaves, until their day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Which bars know a digest, and by which kind. What somebody without a bar has, too, says nothing,
# even before the worker marks it. It tells of bars only, never whether anybody else is known.
_BARRING = """
    create function keys.barring(kinds text[], digests bytea[], today date)
    returns table (bar_id uuid, kind text)
    language sql stable security definer set search_path = pg_catalog, keys as $$
        select b.bar_id, b.kind
        from unnest(kinds, digests) asked (kind, digest)
        join keys.barred b on b.kind = asked.kind and b.digest = asked.digest
        where b.ends_on >= today and not b.shared and not exists (
            select from keys.blind_index o
            where o.kind = b.kind and o.digest = b.digest and not exists (
                select from keys.barred s where s.member_id = o.member_id and s.ends_on >= today
            )
        )
    $$
"""
_SIGNATURE = "keys.barring(text[], bytea[], date)"


def upgrade() -> None:
    """Make table, function and grants: the portal asks, the worker writes."""
    op.create_table(
        "barred",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("bar_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "digest", "bar_id", name=op.f("pk_barred")),
        schema="keys",
    )
    for column in ("bar_id", "ends_on", "member_id"):
        op.create_index(op.f(f"ix_barred_{column}"), "barred", [column], schema="keys")
    op.execute("grant select, insert, update, delete on keys.barred to portal_work")
    op.execute(_BARRING)
    op.execute(f"revoke execute on function {_SIGNATURE} from public")
    op.execute(f"grant execute on function {_SIGNATURE} to portal_web, portal_work")


def downgrade() -> None:
    """Drop them; the worker copies anew only of members who are still here."""
    op.execute(f"drop function {_SIGNATURE}")
    op.drop_table("barred", schema="keys")
