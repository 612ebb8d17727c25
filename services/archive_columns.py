"""What a data file of the archive consists of: columns, each with its form, label and origin."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from enum import StrEnum
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from services.language import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sqlalchemy import Select

    from db.words import ExportGroup
    from services.archive_source import Source
    from services.language import Language

Value = str | int | bool | list[str] | None
Values = tuple[Value, ...]
BATCH: Final = 2000
"""Rows that are in memory at once, of a file that is read as a stream."""
ONCE: Final = 4 * BATCH
"""A file of no more rows is read and opened once, and held meanwhile: some megabytes."""
UNOPENED: Final = "unopened"
"""What `problem` says of a value whose key is missing or that was damaged."""


class Form(StrEnum):
    """What a column's values are, in JSON and to a reader; a mark is a yes that is worth saying."""

    TEXT = "text"
    ID = "id"
    WORD = "word"
    ITEM = "item"
    ITEMS = "items"
    PURPOSE = "purpose"
    PURPOSES = "purposes"
    DAY = "day"
    MOMENT = "moment"
    NUMBER = "number"
    YES_NO = "yes_no"
    MARK = "mark"
    REASON = "reason"
    FILE = "file"


LISTS: Final = frozenset({Form.ITEMS, Form.PURPOSES})


@dataclass(frozen=True)
class Reading:
    """Whose data is read, and in which language it is told."""

    source: Source
    language: Language

    def say(self, message: str, /, **params: object) -> str:
        """Return a sentence of ours."""
        return translate(self.language, message, **params)


@dataclass(frozen=True)
class Column:
    """One column. `holds`: which columns of tables it tells; None: the one of its own name.

    `words`: what each word of a fixed list is called. `read`: makes of a `Reading` what makes the
    value of a row; without it the row's own value is taken by its form. `shown`: whether it stands
    on the page too; ids are in the files only.
    """

    name: str
    label: str
    form: Form = Form.TEXT
    words: Mapping[Any, str] | None = None
    holds: tuple[str, ...] | None = None
    read: Callable[[Reading], Callable[[Any], Value]] | None = None
    shown: bool = True


@dataclass(frozen=True)
class File:
    """One data file: `data/NAME.json` and `data/NAME.csv`, the same rows in the same order.

    `rule`: the policy's retention rule for these rows; None: as long as the membership, unless
    `keeping` says how long in a sentence.
    `make`: as `Column.read`, for all columns at once, where that is faster.
    """

    name: str
    title: str
    group: ExportGroup
    table: str
    columns: tuple[Column, ...]
    select: Callable[[Source], Select[Any]] = field(repr=False)
    rule: str | None = None
    keeping: str | None = None
    make: Callable[[Reading], Callable[[Any], Values]] | None = field(default=None, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the columns' names."""
        return tuple(column.name for column in self.columns)

    @property
    def holds(self) -> frozenset[str]:
        """Return `table.column` of all that this file tells."""
        return frozenset(
            held
            for one in self.columns
            for held in (one.holds if one.holds is not None else (f"{self.table}.{one.name}",))
        )

    def maker(self, reading: Reading) -> Callable[[Any], Values]:
        """Return what makes the values of a row."""
        if self.make is not None:
            return self.make(reading)
        readers = tuple(_reader(column, reading) for column in self.columns)
        return lambda row: tuple([read(row) for read in readers])

    def batches(self, reading: Reading, most: int | None = None) -> Iterator[list[Values]]:
        """Give all rows, or the first `most`, some thousand at a time: memory stays flat."""
        make, statement = self.maker(reading), self.select(reading.source)
        if most is not None:
            found = reading.source.data.execute(statement.limit(most)).all()
            yield [make(row) for row in found]
            return
        streamed = reading.source.data.execute(statement, execution_options={"yield_per": BATCH})
        for rows in streamed.partitions():
            yield [make(row) for row in rows]


def counts(source: Source, files: Iterable[File]) -> dict[str, int]:
    """Return how many rows each file will have: one query."""
    asked = [
        select(func.count()).select_from(one.select(source).order_by(None).subquery())
        .scalar_subquery().label(one.name)
        for one in files
    ]  # fmt: skip
    return dict(source.data.execute(select(*asked)).mappings().one()) if asked else {}


_AS: dict[Form, Callable[[Any], Value]] = {
    Form.ID: str,
    Form.DAY: lambda value: value.isoformat(),
    Form.MOMENT: lambda value: value.astimezone(UTC).isoformat(),
    Form.ITEMS: list,
    Form.PURPOSES: list,
}
"""How a value of the database is written; others stay as they are."""


def _reader(column: Column, reading: Reading) -> Callable[[Any], Value]:
    if column.read is not None:
        return column.read(reading)
    take: Callable[[Any], Any] = attrgetter(column.name)
    form = _AS.get(column.form)
    if form is None:
        return take

    def read(row: Any) -> Value:  # noqa: ANN401
        value = take(row)
        return None if value is None else form(value)

    return read


def first(batches: Iterable[list[Values]], most: int) -> list[Values]:
    """Return the first rows of some batches."""
    return list(islice((row for rows in batches for row in rows), most))
