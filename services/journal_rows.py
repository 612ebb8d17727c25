"""Rows of tables as the journal carries them: as JSON, with sealed bytes in base64, and back.

A sealed value stays sealed under its member's own key: where that key is destroyed, the journal's
copy opens no more than a backup's.
"""

from __future__ import annotations

import base64
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import Date, DateTime, LargeBinary, Uuid, and_, delete, insert, update

from db.tables import (  # noqa: F401 (registers the tables)
    bars,
    cases,
    keeping,
    linking,
    member,
    moves,
    ops,
    reports,
)
from db.tables.naming import DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlalchemy import Column, ColumnElement, Connection, RowMapping, Table

    Held = Mapping[str, Any] | RowMapping
    Row = tuple[Table, Held]
    """A table and columns of one of its rows: all that changed, and its key."""

Packed = list[list[Any]]
"""Rows of one table with the same columns together: its name, the columns' names, the values."""
_PLAIN: Final[dict[type, Callable[[Any], str]]] = {
    bytes: lambda value: base64.b64encode(value).decode(),
    datetime: datetime.isoformat,
    date: date.isoformat,
    UUID: str,
}


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
    found: Packed = []
    for table, row in rows:
        own = _own(table)
        names = [name for name in row if name in own]
        values = [_plain(row[name]) for name in names]
        if found and found[-1][:2] == [table.fullname, names]:
            found[-1][2].append(values)
        else:
            found.append([table.fullname, names, [values]])
    return found


def _plain(value: object) -> object:
    way = _PLAIN.get(type(value))
    return way(value) if way else value


def unpacked(groups: Packed) -> tuple[tuple[Table, dict[str, Any]], ...]:
    """Return the rows. A table or a column that is gone by now is passed over."""
    known = [group for group in groups if group[0] in DATA.tables]
    return tuple(
        (DATA.tables[name], _unpacked(DATA.tables[name], dict(zip(columns, values, strict=True))))
        for name, columns, rows in known
        for values in rows
    )


def _unpacked(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {k: _typed(table.c[k], v) for k, v in row.items() if k in _own(table)}


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
