"""A folder of CSV files, one a table, read through a private temporary database.

That database has no name and lies in a file the system removes when it is closed, after a crash
too. It gives CSV files what a database has (order, look-ups, counts), and no file fills the memory.
"""

from __future__ import annotations

import csv
import sqlite3
from typing import TYPE_CHECKING

from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, insert, select
from sqlalchemy.pool import StaticPool

from db.importer.source import LINE, SourceError, SqlSource, open_failed
from db.words import N_

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any, TextIO

    from sqlalchemy import Connection

_ENCODINGS = ("utf-8-sig", "cp949")
_LONGEST_CELL = 16 * 1024 * 1024  # a profile image as text
_AT_ONCE = 1_000
_BROKEN = Table(
    "__broken__",
    MetaData(),
    Column("file", String),
    Column("line", Integer),
    Column("reason", String),
)


class CsvError(SourceError):
    """A file is no CSV file that we can read. Nothing was written."""


class CsvSource(SqlSource):
    """The files of a folder; `broken` rows have not as many cells as the first line."""

    def __init__(self, folder: Path) -> None:
        """Copy the folder's files into the temporary database. Raise `CsvError` for a bad one."""

        def nameless() -> sqlite3.Connection:
            return sqlite3.connect("", check_same_thread=False)

        engine = create_engine(
            "sqlite://", creator=nameless, poolclass=StaticPool, hide_parameters=True
        )
        super().__init__(engine, single=True)
        _BROKEN.create(self._asking)
        for file in sorted(p for p in folder.iterdir() if p.suffix.lower() == ".csv"):
            _load(self._asking, file)

    def tables(self) -> list[str]:
        """Return the files' names without their ending."""
        return [name for name in super().tables() if name != _BROKEN.name]

    def broken(self, name: str) -> Iterator[tuple[int, str]]:
        """Return line and reason of each row with too few or too many cells."""
        query = select(_BROKEN.c.line, _BROKEN.c.reason).where(_BROKEN.c.file == name)
        found = self._asking.execute(query.order_by(_BROKEN.c.line))
        return ((line, reason) for line, reason in found)

    def index(self, name: str, column: str) -> None:
        """Make look-ups by a column fast."""
        table, key = (text.replace('"', '""') for text in (name, column))
        self._asking.exec_driver_sql(
            f'create index if not exists "{table}/{key}" on "{table}" ("{key}")'
        )


def open_folder(folder: Path) -> CsvSource:
    """Return the CSV files of `folder` as tables. Raise `SourceError` naming file and line."""
    if not any(p.suffix.lower() == ".csv" for p in folder.iterdir()):
        raise open_failed(str(folder), "the folder holds no .csv file")
    csv.field_size_limit(_LONGEST_CELL)
    return CsvSource(folder)


def _load(connection: Connection, file: Path) -> None:
    with file.open(encoding=_encoding(file), newline="") as text:
        reader = csv.reader(text, strict=True)
        try:
            _fill(connection, file, reader, _header(file, reader))
        except csv.Error as error:
            raise CsvError(
                N_("The file {file} breaks off or is no CSV file (line {line}: {reason})."),
                file=file.name,
                line=reader.line_num,
                reason=error,
            ) from None


def _encoding(file: Path) -> str:
    for encoding in _ENCODINGS:
        try:
            with file.open(encoding=encoding) as text:
                _read_through(text)
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise open_failed(file.name, error.strerror or "it can't be read") from None
        return encoding
    raise CsvError(
        N_("The file {file} is neither UTF-8 nor CP949. Save it as “CSV UTF-8” and try again."),
        file=file.name,
    )


def _read_through(text: TextIO) -> None:
    while text.read(1 << 20):
        pass


def _header(file: Path, reader: Iterator[list[str]]) -> list[str]:
    names = [name.strip() for name in next(reader, [])]
    if not names or "" in names or len({n.casefold() for n in names}) < len(names):
        raise CsvError(
            N_("The first line of {file} must name every column, each name once."), file=file.name
        )
    return names


def _fill(connection: Connection, file: Path, reader: Any, names: list[str]) -> None:  # noqa: ANN401 (csv's reader has no public type)
    columns = [Column(name, String) for name in names]
    table = Table(file.stem, MetaData(), Column(LINE, Integer), *columns)
    table.create(connection)
    good: list[dict[str, object]] = []
    for cells in reader:
        if len(cells) == len(names):
            good.append({LINE: reader.line_num, **dict(zip(names, cells, strict=True))})
        elif cells:  # an empty line is no row
            reason = f"the row has {len(cells)} cells and the first line {len(names)}"
            row = {"file": file.stem, "line": reader.line_num, "reason": reason}
            connection.execute(insert(_BROKEN), row)
        if len(good) == _AT_ONCE:
            connection.execute(insert(table), good)
            good.clear()
    if good:
        connection.execute(insert(table), good)
