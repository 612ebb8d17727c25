"""The vacuum that makes a destruction true: deleted rows leave the files, too.

A deleted row stays in its file until its table is vacuumed, and a vacuumed page may still hold its
bytes until something else is written there. So a table of some size is written anew, without
them, whenever rows of it were destroyed; a larger one is vacuumed, and its freed space is used
again. Keys lie in parts that stay small, so that one is always written anew. What the write-ahead
log still has of them goes with the next checkpoint.

A transaction that began before the deletion (a backup under way, say) keeps what it may still
see; the next run's vacuum takes it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Engine, Table

REWRITTEN: Final = 128 * 1024 * 1024
"""Tables up to this size, in bytes with indexes, are written anew: that locks them for seconds."""
_PATIENCE: Final = text("set lock_timeout = '3s'")
_AT_ONCE: Final = 2
_PARTS: Final = text("""
    select coalesce(part.name, n.name)
    from unnest(cast(:names as text[])) with ordinality n(name, at) left join lateral (
        select relid::regclass::text as name from pg_partition_tree(n.name::regclass) where isleaf
    ) part on true
    order by n.at, 1
""")
_SIZE: Final = text("select pg_total_relation_size(cast(:name as regclass))")
_LOCK: Final = 7_251_106
"""Advisory lock: one erasing at a time."""


def erase(engine: Engine, tables: Iterable[Table | str]) -> None:
    """Vacuum what was deleted from `tables`, as `portal_work`, after the deletion has committed.

    A name is that of a part of a table; a table in parts is taken part by part. Raise `DBAPIError`
    when a table can't be locked within seconds; call again later.
    """
    alone = engine.execution_options(isolation_level="AUTOCOMMIT")
    with alone.connect() as connection:
        connection.execute(text(f"select pg_advisory_lock({_LOCK})"))
        try:
            names = dict.fromkeys(t if isinstance(t, str) else t.fullname for t in tables)
            _vacuum_all(alone, connection.scalars(_PARTS, {"names": list(names)}).all())
            _purge_log(connection)
        except BaseException:
            connection.invalidate()  # the lock goes with it
            raise
        connection.execute(text(f"select pg_advisory_unlock({_LOCK})"))


def _vacuum_all(alone: Engine, names: Sequence[str]) -> None:
    """Vacuum some at a time: each waits for the disk more than it works."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _done in pool.map(partial(_vacuum, alone), names):
            pass  # what went wrong is raised here


def _vacuum(alone: Engine, name: str) -> None:
    with alone.connect() as connection:
        connection.execute(_PATIENCE)
        try:
            _vacuum_one(connection, name)
        except BaseException:
            connection.invalidate()  # the setting goes with it
            raise
        connection.execute(text("reset lock_timeout"))


def _vacuum_one(connection: Connection, name: str) -> None:
    size = connection.scalar(_SIZE, {"name": name})
    if (size or 0) <= REWRITTEN:
        try:
            connection.execute(text(f"vacuum (full) {name}"))
        except DBAPIError as error:
            if "lock timeout" not in str(error.orig):
                raise
        else:
            return
    # Index entries hold ids and days only; cleaning them costs the size of the table.
    connection.execute(text(f"vacuum (index_cleanup off, truncate off) {name}"))


def _purge_log(connection: Connection) -> None:
    """Let the log begin anew, where this role may; elsewhere it does so by itself, later."""
    try:
        connection.execute(text("select pg_switch_wal()"))
        connection.execute(text("checkpoint"))
    except ProgrammingError:
        return
