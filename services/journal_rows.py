"""Rows of tables as the journal carries them: as JSON, with sealed bytes in base64, and back.

A sealed value stays sealed under its member's own key: where that key is destroyed, the journal's
copy opens no more than a backup's.
"""

from __future__ import annotations

import base64
import binascii
from datetime import date, datetime
from functools import cache
from itertools import groupby
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
    Way = tuple[int, Callable[[Any], str]]

Packed = list[list[Any]]
"""Rows of one table with the same columns together: its name, the columns' names, the values."""
_PLAIN: Final[tuple[tuple[type, Callable[[Any], str]], ...]] = (
    (LargeBinary, lambda value: binascii.b2a_base64(value, newline=False).decode()),
    (DateTime, datetime.isoformat),
    (Date, date.isoformat),
    (Uuid, str),
)
"""How JSON has the values of a column of such a type."""


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
    for (table, keys), some in groupby(rows, key=lambda one: (one[0], tuple(one[1]))):
        names, ways = _columns(table, keys)
        found.append([table.fullname, names, [_values(row, names, ways) for _table, row in some]])
    return found


def _values(row: Held, names: list[str], ways: list[Way]) -> list[Any]:
    """Return the values of a row; ten thousand of them are no rarity."""
    values = [row[name] for name in names]
    for place, way in ways:
        if values[place] is not None:
            values[place] = way(values[place])
    return values


def _columns(table: Table, keys: tuple[Any, ...]) -> tuple[list[str], list[Way]]:
    """Return which columns are carried, and where a value needs another form."""
    names = [name for name in keys if name in _own(table)]
    ways = [
        (place, next(way for kind, way in _PLAIN if isinstance(table.c[name].type, kind)))
        for place, name in enumerate(names)
        if isinstance(table.c[name].type, tuple(kind for kind, _way in _PLAIN))
    ]
    return names, ways


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
