"""Keep the keys of who left apart: destroying some of theirs writes nobody else's anew."""

from __future__ import annotations

from alembic import op

revision = "0039"
down_revision = "0027"
branch_labels = None
depends_on = None

_PARTS = 16
_COLUMNS = "member_id, store, wrapped, created_at, next_store, next_wrapped"
_MAINTAIN = """
    do $$ begin
        if current_setting('server_version_num')::int >= 170000 then
            grant maintain on all tables in schema keys to portal_work;
        end if;
    end $$
"""
# No index can say so, since one of a table in parts holds the column that parts it. Of what is
# committed by then: ids are made for whoever joins, so that no two transactions add the same. The
# few that came are looked up one by one, however many were there when this was planned.
_ONE_EACH = """
    create function keys.one_key_each() returns trigger
    language plpgsql security definer set search_path = pg_catalog, keys
    set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
    begin
        if exists (
            select from came join keys.member_key k using (member_id) where k.store <> came.store
        ) then
            raise unique_violation using message = 'a member has a key already, in another store';
        end if;
        return null;
    end $$
"""
_TRIGGER = """
    create trigger one_key_each after insert on keys.member_key
    referencing new table as came for each statement execute function keys.one_key_each()
"""

# As before, but that these need not look among who left.
_LIVE_KEY = """
    create or replace function keys.live_key(who uuid) returns bytea
    language sql stable security definer set search_path = pg_catalog, keys as $$
        select case when store = 'live' then wrapped else next_wrapped end from keys.member_key
        where member_id = who and (store = 'live' or next_store = 'live'){here}
    $$
"""
_HERE = " and store in ('live', 'dormant')"


def _before() -> None:
    """Put the table that is there aside; a new one takes over its names."""
    op.execute("alter table keys.member_key rename to member_key_before")
    op.execute("alter table keys.member_key_before drop constraint pk_member_key")
    op.execute("drop index keys.ix_member_key_moving")


def _anew(partition_by: str, key: str) -> None:
    op.execute(
        "create table keys.member_key (like keys.member_key_before including constraints) "
        f"partition by {partition_by}"
    )
    op.execute(f"alter table keys.member_key add constraint pk_member_key primary key ({key})")
    op.execute(
        "create index ix_member_key_moving on keys.member_key (member_id) "
        "where next_store is not null"
    )


def _parts(whole: str, prefix: str) -> None:
    for part in range(_PARTS):
        op.execute(
            f"create table keys.{prefix}_{part:02} partition of keys.{whole} "
            f"for values with (modulus {_PARTS}, remainder {part})"
        )


def _take_over() -> None:
    """Let the keys go over, and nothing be left of the table that they were in."""
    op.execute(
        f"insert into keys.member_key ({_COLUMNS}) select {_COLUMNS} from keys.member_key_before"  # noqa: S608
    )
    op.execute("drop table keys.member_key_before")
    op.execute("grant select, insert, update, delete on keys.member_key to portal_work")
    op.execute(_MAINTAIN)


def upgrade() -> None:
    """Part the table by store, then each side by a hash of the member."""
    _before()
    _anew("list (store)", "member_id, store")
    for name, stores in (("here", "'live', 'dormant'"), ("left", "'retained'")):
        op.execute(
            f"create table keys.member_key_part_{name} partition of keys.member_key "
            f"for values in ({stores}) partition by hash (member_id)"
        )
        _parts(f"member_key_part_{name}", f"member_key_part_{name}")
    _take_over()
    op.execute(_ONE_EACH)
    op.execute("revoke execute on function keys.one_key_each() from public")
    op.execute(_TRIGGER)
    op.execute(_LIVE_KEY.format(here=_HERE))


def downgrade() -> None:
    """Put both sides together again."""
    _before()
    _anew("hash (member_id)", "member_id")
    _parts("member_key", "member_key_part")
    _take_over()
    op.execute("drop function keys.one_key_each()")
    op.execute(_LIVE_KEY.format(here=""))
