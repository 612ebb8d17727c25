"""The vacuum that makes a destruction true: deleted rows leave the files, too.

A deleted row stays in its file until its table is vacuumed, and a vacuumed page may still hold its
bytes until something else is written there. So a table of some size is written anew, without
them, whenever rows of it were destroyed; a larger one is vacuumed, and its freed space is used
again. Keys lie in parts that stay small, so that one is always written anew. What the write-ahead
log still has of them goes with the next checkpoint.

A transaction that began before the deletion (a backup under way, say) keeps what it may still see.
Keys are not called gone before nobody sees them; of other tables the next vacuum takes it.
"""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from db import copying

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from psycopg.errors import Diagnostic
    from sqlalchemy import Connection, Engine, Table

REWRITTEN: Final = 128 * 1024 * 1024
"""Tables up to this size, in bytes with indexes, are written anew: that locks them for seconds."""
_PATIENCE: Final = text("set lock_timeout = '3s'")
_AT_ONCE: Final = 2
_PARTS: Final = text("""
    select oid::regclass::text as name, pg_total_relation_size(oid) as whole,
        pg_relation_size(oid) + coalesce(pg_relation_size(nullif(reltoastrelid, 0)), 0)
            + pg_indexes_size(oid) > current_setting('block_size')::int
                * (select count(*) from pg_index where indrelid = oid) as used
    from pg_class where oid in (
        select coalesce(part.relid, n.name::regclass)
        from unnest(cast(:names as text[])) n(name) left join lateral (
            select relid from pg_partition_tree(n.name::regclass) where isleaf
        ) part on true
    )
""")
"""Tables part by part, their sizes in bytes, and whether they, or an index, ever held anything."""
_LOCK: Final = 7_251_106
"""Advisory lock: one erasing at a time."""
_PAUSES: Final = (0.0, 0.2, 0.5, 1.0)
"""Seconds before each try: who reads a page is done by then, who makes a backup is not."""


class StillSeenError(Exception):
    """Somebody's transaction still sees a deleted key: call again later."""


NOT_NOW: Final = (DBAPIError, StillSeenError)
"""What `erase` raises when it is to be called again later."""


def erase(what: Mapping[Engine, Iterable[Table | str]]) -> None:
    """Vacuum what was deleted from tables, as `portal_work`, after the deletion has committed.

    A name is that of a part of a table; a table in parts is taken part by part. Raise one of
    `NOT_NOW` when a table can't be locked within seconds, or a deleted key is still seen.
    """
    with erased(what):
        pass


@contextmanager
def erased(what: Mapping[Engine, Iterable[Table | str]]) -> Iterator[None]:
    """As `erase`, one database after the other; within, the log is being written out."""
    servers = {}
    for engine, tables in what.items():
        names = dict.fromkeys(t if isinstance(t, str) else t.fullname for t in tables)
        if names:
            alone = engine.execution_options(isolation_level="AUTOCOMMIT")
            with _one_at_a_time(alone) as connection:
                found = connection.execute(_PARTS, {"names": list(names)})
                _vacuum_all(_Part(alone, row.name, row.whole) for row in found if row.used)
            servers[engine.url.set(database="")] = alone
    with ThreadPoolExecutor() as pool:
        purged = pool.map(_purge_log, servers.values())
        yield
        list(purged)  # what went wrong is raised here


@contextmanager
def _one_at_a_time(alone: Engine) -> Iterator[Connection]:
    """Wait for whoever erases in this database just now; others wait for us."""
    with alone.connect() as connection:
        connection.execute(text(f"select pg_advisory_lock({_LOCK})"))
        try:
            yield connection
        except BaseException:
            connection.invalidate()  # the lock goes with it
            raise
        connection.execute(text(f"select pg_advisory_unlock({_LOCK})"))


class _Part(NamedTuple):
    """A table, or a part of one, in which there are or were rows; `size` in bytes with indexes."""

    alone: Engine
    name: str
    size: int


def _vacuum_all(parts: Iterable[_Part]) -> None:
    """Vacuum some at a time, the largest first, so that none is waited for at the end."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _done in pool.map(_vacuum, sorted(parts, key=lambda part: -part.size)):
            pass  # what went wrong is raised here


def _vacuum(part: _Part) -> None:
    with part.alone.connect() as connection:
        connection.execute(_PATIENCE)
        try:
            _vacuum_one(connection, part)
        except BaseException:
            connection.invalidate()  # the setting goes with it
            raise
        connection.execute(text("reset lock_timeout"))


def _vacuum_one(connection: Connection, part: _Part) -> None:
    # Index entries hold ids, days and blind digests; cleaning them costs the size of the table.
    only_vacuum = text(f"vacuum (index_cleanup off, truncate off) {part.name}")
    if part.size > REWRITTEN:
        connection.execute(only_vacuum)
    elif part.name.startswith("keys."):
        _write_anew(connection, part.name)
    else:
        try:
            connection.execute(text(f"vacuum (full) {part.name}"))
        except DBAPIError as error:
            if "lock timeout" not in str(error.orig):
                raise
            connection.execute(only_vacuum)


def _write_anew(connection: Connection, name: str) -> None:
    """Write a table of keys anew, until nobody sees a deleted row of it any more."""
    driver = copying.driver(connection)
    for pause in _PAUSES:
        time.sleep(pause)
        heard: list[str] = []

        def hear(said: Diagnostic, heard: list[str] = heard) -> None:
            heard.append(said.message_detail or "")  # gone once this has returned

        driver.add_notice_handler(hear)
        try:
            connection.execute(text(f"vacuum (full, verbose) {name}"))
        finally:
            driver.remove_notice_handler(hear)
        # How many dead rows were copied along, in whatever language: no other number comes first.
        seen = [re.search(r"\d+", detail) for detail in heard]
        if not any(int(found[0]) for found in seen if found):
            return
    raise StillSeenError


def _purge_log(alone: Engine) -> None:
    """Let the log begin anew, where this role may; elsewhere it does so by itself, later."""
    with suppress(ProgrammingError), alone.connect() as connection:
        connection.execute(text("select pg_switch_wal()"))
        connection.execute(text("checkpoint"))
