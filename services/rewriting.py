"""Writes large tables anew, so that nothing that was destroyed is left in their files (P15).

A table above `erasing.REWRITTEN` is only vacuumed when rows of it are destroyed: what they were may
stay in its file until the space is used again. To write it anew shuts it meanwhile, some seconds
for each gigabyte; whoever runs the portal chooses the hour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services import erasing, ledger
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Engine

    from db.engines import Databases

_SCHEMAS: Final = ("live", "dormant", "retained", "ops", "keys")
_LARGE: Final = text("""
    select c.oid::regclass::text as name, pg_total_relation_size(c.oid) as size
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any(:schemas) and c.relkind = 'r' and pg_total_relation_size(c.oid) > :above
    order by 2
""")
_PATIENCE: Final = text("set lock_timeout = '30s'")
_ROOM: Final = text("set maintenance_work_mem = '256MB'")


class Large(NamedTuple):
    """A table that is only vacuumed otherwise; `size` in bytes with indexes."""

    engine: Engine
    name: str
    size: int


def large(databases: Databases) -> list[Large]:
    """Return the large tables of both databases, the smallest of each first."""
    given = {"schemas": list(_SCHEMAS), "above": erasing.REWRITTEN}
    found = []
    for engine in (databases.data, databases.keys):
        with engine.connect() as connection:
            rows = connection.execute(_LARGE, given)
            found += [Large(engine, row.name, row.size) for row in rows]
    return found


def run(databases: Databases, tables: list[Large], now: datetime) -> Iterator[bool]:
    """Write each anew, as `portal_work`; yield whether it could be locked within half a minute.

    Whoever asks for one of its rows meanwhile waits. It needs room on the disk for another copy.
    """
    done = 0
    for table in tables:
        written = _written(table)
        done += written
        yield written
    if done:
        with databases.data.begin() as data:
            ledger.note(data, ledger.Entry(EventName.TABLES_REWRITTEN, None), now)


def _written(table: Large) -> bool:
    alone = table.engine.execution_options(isolation_level="AUTOCOMMIT")
    with alone.connect() as connection:
        try:
            connection.execute(_PATIENCE)
            connection.execute(_ROOM)
            connection.execute(text(f"vacuum (full) {table.name}"))
        except DBAPIError as error:
            if "lock timeout" not in str(error.orig):
                raise
            return False
        finally:
            connection.invalidate()  # the settings go with it
    return True
