"""The rows of the members' table, in the order of their key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.importer.parse import key_text
from db.importer.source import LINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from db.importer.source import Row

_NOBODY = object()


@dataclass(frozen=True)
class Person:
    """A row of the members' table: `leads` when the first of its key, `alone` the only one."""

    number: int
    key: object
    row: Row
    leads: bool
    alone: bool

    @property
    def text(self) -> str | None:
        """Return the key's text."""
        return key_text(self.key)


def people(rows: Iterable[Row], key: str) -> Iterator[Person]:
    """Yield members of rows in the order of `key`, reading one row ahead to see it repeated."""
    before: object = _NOBODY
    held: tuple[int, Row] | None = None
    for number, row in enumerate(rows, 1):
        if held is not None:
            yield _person(held, key, before, key_text(row[key]))
            before = key_text(held[1][key])
        held = (number, row)
    if held is not None:
        yield _person(held, key, before, _NOBODY)


def _person(held: tuple[int, Row], key: str, before: object, after: object) -> Person:
    number, row = held
    text = key_text(row[key])
    leads = text != before
    return Person(number, row[key], row, leads=leads, alone=leads and text != after)


def keys_of(found: Iterable[Person]) -> list[object]:
    """Return the keys by which rows of these members are asked for."""
    return [p.key for p in found if p.leads and p.key is not None]


def where(row: Row, place: str) -> str:
    """Return a row's line in its CSV file; in a database, its place in the order of keys."""
    return f"line {row[LINE]}" if LINE in row else place
