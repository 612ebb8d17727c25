"""Looks up what cells ask of other tables: one query for many rows."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from db.importer.cells import LOST
from db.importer.parse import key_text
from db.importer.plan import leaves_of
from db.importer.source import Join

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from db.importer.mapping import Cell, Lookup
    from db.importer.source import Row, Source

KEYS_AT_ONCE = 500
T = TypeVar("T")


def chunks(items: Iterable[T], size: int = KEYS_AT_ONCE) -> Iterator[list[T]]:
    """Yield lists of at most `size` items."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def resolve(source: Source, table: str, cells: dict[str, Cell], rows: Sequence[Row]) -> None:
    """Put into each row what its lookups find, `LOST` where they find nothing."""
    for leaf in leaves_of(cells):
        if leaf.lookup is None or leaf.column is None:
            continue
        found = _found(source, table, leaf.column, leaf.lookup, rows)
        for row in rows:
            key = key_text(row[leaf.column])
            row[leaf.name] = None if key is None else found.get(key, LOST)


def _found(
    source: Source, table: str, column: str, lookup: Lookup, rows: Sequence[Row]
) -> dict[str | None, object]:
    keys = list(dict.fromkeys(key for row in rows if (key := row[column]) is not None))
    join = Join(lookup.table, lookup.key, table, column)
    return {
        key_text(row[lookup.key]): row[lookup.column]
        for some in chunks(keys)
        for row in source.children(join, [lookup.column], some, lookup.key)
    }
