"""Keep members' keys in sixteen parts: a key leaves the files by rewriting its part alone."""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0023"
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


def _anew(partition_by: str) -> None:
    """Make the table again beside the one that is there, whose names it takes over."""
    op.execute("alter table keys.member_key rename to member_key_before")
    op.execute("alter table keys.member_key_before drop constraint pk_member_key")
    op.execute("drop index keys.ix_member_key_moving")
    op.execute(
        "create table keys.member_key (like keys.member_key_before including constraints) "
        + partition_by
    )
    op.execute("alter table keys.member_key add constraint pk_member_key primary key (member_id)")
    op.execute(
        "create index ix_member_key_moving on keys.member_key (member_id) "
        "where next_store is not null"
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
    """Part the table by a hash of the member."""
    _anew("partition by hash (member_id)")
    for part in range(_PARTS):
        op.execute(
            f"create table keys.member_key_part_{part:02} partition of keys.member_key "
            f"for values with (modulus {_PARTS}, remainder {part})"
        )
    _take_over()


def downgrade() -> None:
    """Put the parts together again."""
    _anew("")
    _take_over()
