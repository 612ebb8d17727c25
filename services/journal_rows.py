"""Rows of tables as the journal carries them: as JSON, with sealed bytes in base64, and back.

A sealed value stays sealed under its member's own key: where that key is destroyed, the journal's
copy opens no more than a backup's.
"""

from __future__ import annotations

import base64
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Date, DateTime, LargeBinary, Uuid, and_, delete, insert, update

from db.tables import keeping, member, moves, ops  # noqa: F401 (registers the tables)
from db.tables.naming import DATA

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Column, ColumnElement, Connection, RowMapping, Table

    Held = Mapping[str, Any] | RowMapping
    Row = tuple[Table, Held]
    """A table and columns of one of its rows: all that changed, and its key."""

Packed = list[list[Any]]


def _plain(value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _typed(column: Column[Any], plain: Any) -> Any:  # noqa: ANN401 (as the column has it)
    kind = column.type
    if plain is None:
        return None
    if isinstance(kind, LargeBinary):
        return base64.b64decode(plain)
    if isinstance(kind, Uuid):
        return UUID(plain)
    if isinstance(kind, DateTime):
        return datetime.fromisoformat(plain)
    return date.fromisoformat(plain) if isinstance(kind, Date) else plain


def packed(rows: Iterable[Row]) -> Packed:
    """Return rows as JSON has them; columns that the database computes are left out."""
    return [
        [table.fullname, {k: _plain(v) for k, v in row.items() if k in _own(table)}]
        for table, row in rows
    ]


def unpacked(rows: Packed) -> tuple[tuple[Table, dict[str, Any]], ...]:
    """Return the rows. A table or a column that is gone by now is passed over."""
    known = ((DATA.tables[name], row) for name, row in rows if name in DATA.tables)
    return tuple(
        (table, {k: _typed(table.c[k], v) for k, v in row.items() if k in _own(table)})
        for table, row in known
    )


@cache
def _own(table: Table) -> frozenset[str]:
    return frozenset(column.name for column in table.c if column.computed is None)


def _same(table: Table, which: Mapping[str, Any]) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in which.items()))


def put(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Let a row be as it was carried: change the one that is there, or add it."""
    key = {column.name: row[column.name] for column in table.primary_key}
    rest = {name: value for name, value in row.items() if name not in key}
    there = update(table).where(_same(table, key))
    if not connection.execute(there.values(rest or key)).rowcount:
        connection.execute(insert(table).values(dict(row)))


def remove(connection: Connection, table: Table, which: Mapping[str, Any]) -> None:
    """Remove the rows that hold these values."""
    connection.execute(delete(table).where(_same(table, which)))
