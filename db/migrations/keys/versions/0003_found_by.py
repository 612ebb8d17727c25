"""Let the portal say anew by what one member is found, when a value was corrected or cleared."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the function: it replaces all of a live member's blind indexes, and lists none."""
    op.execute(
        """
        create function keys.set_found_by(who uuid, kinds text[], digests bytea[]) returns void
        language sql volatile security definer set search_path = pg_catalog, keys as $$
            delete from keys.blind_index b using keys.member_key k
            where b.member_id = who and k.member_id = who and k.store = 'live'
                and (b.kind, b.digest) not in (select * from unnest(kinds, digests));
            insert into keys.blind_index (kind, digest, member_id)
            select pair.kind, pair.digest, k.member_id
            from unnest(kinds, digests) pair (kind, digest), keys.member_key k
            where k.member_id = who and k.store = 'live'
            on conflict do nothing
        $$
        """
    )
    op.execute("revoke execute on function keys.set_found_by(uuid, text[], bytea[]) from public")
    op.execute(
        "grant execute on function keys.set_found_by(uuid, text[], bytea[]) "
        "to portal_web, portal_work"
    )


def downgrade() -> None:
    """Drop it."""
    op.execute("drop function keys.set_found_by(uuid, text[], bytea[])")
