"""One row of the source, read cell by cell as the map says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn, TypeVar

from db.drafts import Origin
from db.importer import parse
from db.importer.parse import BadValueError, Reading
from db.words import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from db.importer.mapping import Cell, OriginCells
    from db.importer.rules import Rules
    from db.importer.source import Row
    from db.importer.tally import Place, Tally

T = TypeVar("T")

LOST = object()
"""Stands in a row for what a lookup did not find."""


class RowRefusedError(Exception):
    """A row lacks what it can't be without."""

    def __init__(self, column: str, reason: str) -> None:
        """Keep the column's name and the reason, never the value."""
        super().__init__(reason)
        self.column = column
        self.reason = reason


def refuse(column: str, reason: str) -> NoReturn:
    """Refuse the row at hand."""
    raise RowRefusedError(column, reason)


def text(_reading: Reading, raw: object) -> str:
    """Return text that is not empty."""
    return parse.needed_text(raw)


def yes_or_no(_reading: Reading, raw: object) -> bool:
    """Return a yes or a no."""
    return parse.yes_or_no(raw)


def items(_reading: Reading, raw: object) -> tuple[str, ...]:
    """Return names of declared items."""
    return parse.items_list(raw)


def word(words: type[parse.Word]) -> Callable[[Reading, object], parse.Word]:
    """Return a parser for the words of an enum."""
    return lambda _reading, raw: parse.word_of(words)(raw)


def item(name: str) -> Callable[[Reading, object], str]:
    """Return a parser for an item's value."""
    return lambda reading, raw: reading.item(name, raw)


@dataclass(frozen=True)
class RowCells:
    """A row, its place, and where remarks go."""

    row: Row
    place: Place
    tally: Tally
    reading: Reading
    rules: Rules

    def raw(self, cell: Cell) -> object:
        """Return what the cell holds, None for nothing. Raise `BadValueError`."""
        if cell.constant is not None:
            return cell.constant
        if cell.columns:
            parts = [parse.as_text(self.raw(part)) for part in cell.columns]
            return cell.join.join(p for p in parts if p) or None
        found = self.row[cell.name]
        if found is LOST:
            msg = "the row it points to is not in the source"
            raise BadValueError(msg)
        if cell.words is not None:
            found = self._in_other_words(cell.words, found)
        if cell.decimals is not None and (number := parse.as_text(found)):
            found = parse.with_decimals(number, cell.decimals)
        return None if isinstance(found, str) and not found.strip() else found

    @staticmethod
    def _in_other_words(words: dict[str, str], found: object) -> str | None:
        text = parse.as_text(found) or ""
        if text not in words and text:
            msg = "its value is not among those of map"
            raise BadValueError(msg)
        return words.get(text) or None

    def _parsed(self, cell: Cell, parser: Callable[[Reading, object], T]) -> T | None:
        found = self.raw(cell)
        if found is None:
            return None
        reading = self.reading
        if cell.formats:
            reading = replace(reading, formats=(*cell.formats, *reading.formats))
        return parser(reading, found)

    def need(self, cell: Cell, parser: Callable[[Reading, object], T]) -> T:
        """Return a value the row can't be without. Raise `RowRefusedError`."""
        try:
            found = self._parsed(cell, parser)
        except BadValueError as error:
            raise RowRefusedError(cell.label(), str(error)) from None
        if found is None:
            raise RowRefusedError(cell.label(), "it is empty")
        return found

    def sound(self, cell: Cell | None, parser: Callable[[Reading, object], T]) -> T | None:
        """Return a value that may be absent but not wrong. Raise `RowRefusedError`."""
        try:
            return None if cell is None else self._parsed(cell, parser)
        except BadValueError as error:
            raise RowRefusedError(cell.label() if cell else "", str(error)) from None

    def maybe(self, cell: Cell | None, parser: Callable[[Reading, object], T]) -> T | None:
        """Return a value; a wrong one is refused alone, and the row comes in without it."""
        try:
            return None if cell is None else self._parsed(cell, parser)
        except BadValueError as error:
            self.tally.refuse_value(self.place, cell.label() if cell else "", str(error))
            return None

    def origin(self, cells: Sequence[OriginCells], event_date: date | None = None) -> Origin:
        """Return how the value was obtained; the first that says something counts."""

        def first(name: str) -> Cell | None:
            return next((c for spec in cells if (c := getattr(spec, name)) is not None), None)

        obtained = self.maybe(first("obtained_on"), Reading.past_day)
        version = self.maybe(first("policy_version"), text)
        return Origin(
            source=self.maybe(first("source"), word(Source)),
            obtained_on=obtained,
            policy_version=version or self.rules.version_on(event_date or obtained),
            service=self.maybe(first("service"), text),
            partner=self.maybe(first("partner"), text),
        )
