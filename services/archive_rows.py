"""Rows as JSON and as CSV, some thousand at a time."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from services.archive_columns import Value, Values

BOM: Final = b"\xef\xbb\xbf"
"""Without it Excel takes Korean for something else."""
RUNS: Final = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 (Excel takes the wide ones as well)
"""What makes a spreadsheet run a cell; a quote in front makes it text."""
_ONLY_TEXT: Final = frozenset({str, type(None)})
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",\n", ": ")).encode


def as_json(names: Sequence[str], batches: Iterable[list[Values]]) -> Iterator[bytes]:
    """Give an array of objects, a value a line."""
    before = b"[\n"
    for rows in batches:
        if rows:
            text = _ENCODE([dict(zip(names, row, strict=True)) for row in rows])
            yield before + text[1:-1].encode(errors="replace")
            before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def as_csv(names: Sequence[str], batches: Iterable[list[Values]]) -> Iterator[bytes]:
    """Give comma separated values with a head: UTF-8 with BOM, nothing that a spreadsheet runs."""
    buffer = io.StringIO(newline="")
    write = csv.writer(buffer).writerows
    write([names])
    yield BOM + buffer.getvalue().encode()
    for rows in batches:
        buffer.seek(0)
        buffer.truncate()
        write(zip(*map(_cells, zip(*rows, strict=True)), strict=True))
        yield buffer.getvalue().encode(errors="replace")


def _cells(column: tuple[Value, ...]) -> Iterable[object]:
    """Return the cells of a column; most have nothing to change, which is seen at once."""
    if _ONLY_TEXT.issuperset(map(type, column)):
        begin = {value[:1] for value in column if value}  # type: ignore[index]
        return column if begin.isdisjoint(RUNS) else map(_cell, column)
    return map(_cell, column)


def _cell(value: Value) -> str | int | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        value = "; ".join(value)
    return f"'{value}" if isinstance(value, str) and value[:1] in RUNS else value
