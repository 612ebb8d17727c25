"""Keys, blind indexes and sign-in links, reached by the portal through functions only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_FUNCTIONS = (
    # One member's key, and only while the member is live: the portal can't list keys.
    """
    create function keys.live_key(who uuid) returns bytea
    language sql stable security definer set search_path = pg_catalog, keys as $$
        select wrapped from keys.member_key where member_id = who and store = 'live'
    $$
    """,
    # An exact look-up tells who, never what.
    """
    create function keys.find(what text, exact bytea) returns table (member_id uuid, store text)
    language sql stable security definer set search_path = pg_catalog, keys as $$
        select b.member_id, k.store from keys.blind_index b join keys.member_key k using (member_id)
        where b.kind = what and b.digest = exact
    $$
    """,
    """
    create function keys.find_sign_in(exact bytea)
    returns table (member_id uuid, staff_id uuid, store text)
    language sql stable security definer set search_path = pg_catalog, keys as $$
        select s.member_id, s.staff_id, k.store
        from keys.sign_in s left join keys.member_key k using (member_id) where s.digest = exact
    $$
    """,
    # A subject that is linked already stays with its person.
    """
    create function keys.link_sign_in(exact bytea, member uuid, staff uuid, by text, at timestamptz)
    returns boolean
    language sql volatile security definer set search_path = pg_catalog, keys as $$
        insert into keys.sign_in (digest, member_id, staff_id, provider, linked_at)
        values (exact, member, staff, by, at) on conflict (digest) do nothing
        returning true
    $$
    """,
)
_SIGNATURES = (
    "keys.live_key(uuid)",
    "keys.find(text, bytea)",
    "keys.find_sign_in(bytea)",
    "keys.link_sign_in(bytea, uuid, uuid, text, timestamptz)",
)


def _tables() -> None:
    op.create_table(
        "attempt",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_attempt")),
        schema="keys",
    )
    op.create_table(
        "blind_index",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "digest", "member_id", name=op.f("pk_blind_index")),
        schema="keys",
    )
    op.create_index(
        op.f("ix_blind_index_member_id"), "blind_index", ["member_id"], unique=False, schema="keys"
    )
    op.create_table(
        "import_origin",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("source", "digest", name=op.f("pk_import_origin")),
        schema="keys",
    )
    op.create_table(
        "member_key",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "store in ('live', 'dormant', 'retained')", name=op.f("ck_member_key_store")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member_key")),
        schema="keys",
    )
    op.create_table(
        "sign_in",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sign_in")),
        schema="keys",
    )
    op.create_index(
        op.f("ix_sign_in_member_id"), "sign_in", ["member_id"], unique=False, schema="keys"
    )


def upgrade() -> None:
    """Make tables, functions and grants."""
    op.execute("create schema keys")
    _tables()
    for function in _FUNCTIONS:
        op.execute(function)
    for signature in _SIGNATURES:
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to portal_web, portal_work")
    op.execute("grant usage on schema keys to portal_web, portal_work")
    op.execute("grant select, insert, update, delete on all tables in schema keys to portal_work")
    op.execute("grant select, insert, update, delete on keys.attempt to portal_web")
    op.execute("revoke create on schema public from public")


def downgrade() -> None:
    """Drop everything; every sealed value becomes unreadable."""
    op.execute("drop schema keys cascade")
