"""All rows as one workbook (XLSX), a sheet a file, written from front to back.

It is written here and not by a library, since those keep whole sheets in files of their own
meanwhile, where values would lie unsealed. Cells are text, so no value is ever run.
"""

from __future__ import annotations

import re
import zipfile
from typing import IO, TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from services import archive_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.archive_columns import Column, File, Reading, Value, Values
    from services.archive_zip import Part

MOST_ROWS: Final = 1_000_000
"""Rows of a sheet; the format takes 1,048,576. What is more stands on a further sheet."""
LONGEST: Final = 32_000
"""Characters of a cell; the format takes 32,767. The data files hold longer ones in full."""
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NOT_IN_TITLES: Final = re.compile(r"[\[\]:*?/\\]")
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def write(
    part: Part, reading: Reading, sheets: Iterable[tuple[File, Iterable[list[Values]]]]
) -> None:
    """Write the workbook of some files and their rows."""
    book = _Book(part)
    for file, batches in sheets:
        book.sheets(reading, file, batches)
    book.close()


class _Book:
    def __init__(self, part: Part) -> None:
        self._zip = zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        self._titles: list[str] = []

    def sheets(self, reading: Reading, file: File, batches: Iterable[list[Values]]) -> None:
        """Write one sheet, and further ones where there are more rows than fit."""
        rows = _rows(reading, file, batches)
        head = _row(reading.say(column.label) for column in file.columns)
        title = _NOT_IN_TITLES.sub(" ", reading.say(file.title))
        more: str | None = ""
        while more is not None:
            more = self._sheet(title, head, more, rows)

    def _sheet(self, title: str, head: str, begun: str, rows: Iterable[str]) -> str | None:
        """Write a sheet; return the first row that did not fit."""
        number = len(self._titles) + 1
        self._titles.append(f"{title[:26]} {number}")
        with self._open(f"xl/worksheets/sheet{number}.xml") as file:
            file.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>{head}{begun}'.encode())
            more = _fill(file, rows, 1 if begun else 0)
            file.write(b"</sheetData></worksheet>")
        return more

    def _open(self, name: str) -> IO[bytes]:
        return self._zip.open(name, "w", force_zip64=True)

    def close(self) -> None:
        """Write what names the sheets."""
        numbers = range(1, len(self._titles) + 1)
        kinds = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" '
            f'ContentType="{_TYPE}.worksheet+xml"/>' for n in numbers
        )  # fmt: skip
        listed = "".join(
            f'<sheet name="{_plain(title)}" sheetId="{n}" r:id="r{n}"/>'
            for n, title in zip(numbers, self._titles, strict=True)
        )
        links = "".join(
            f'<Relationship Id="r{n}" Type="{_DOCUMENT}/worksheet" '
            f'Target="worksheets/sheet{n}.xml"/>' for n in numbers
        )  # fmt: skip
        parts = {
            "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}">'
            f"<sheets>{listed}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
            f"{links}</Relationships>",
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship '
            f'Id="r1" Type="{_DOCUMENT}/officeDocument" Target="xl/workbook.xml"/>'
            "</Relationships>",
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
            f"{kinds}</Types>",
        }
        for name, content in parts.items():
            with self._open(name) as file:
                file.write((_HEAD + content).encode())
        self._zip.close()


def _fill(file: IO[bytes], rows: Iterable[str], written: int) -> str | None:
    pieces: list[str] = []
    for row in rows:
        if written == MOST_ROWS:
            file.write("".join(pieces).encode())
            return row
        written += 1
        pieces.append(row)
        if len(pieces) == 500:  # noqa: PLR2004 (some hundred kilobytes)
            file.write("".join(pieces).encode())
            pieces.clear()
    file.write("".join(pieces).encode())
    return None


def _rows(reading: Reading, file: File, batches: Iterable[list[Values]]) -> Iterable[str]:
    for rows in batches:
        for row in rows:
            pairs = zip(file.columns, row, strict=True)
            yield _row(_said(reading, column, value) for column, value in pairs)


def _said(reading: Reading, column: Column, value: Value) -> str | int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return archive_words.say(reading.language, column, value)


def _row(values: Iterable[str | int]) -> str:
    return f"<row>{''.join(map(_cell, values))}</row>"


def _cell(value: str | int) -> str:
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    if not value:
        return "<c/>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{_plain(value)}</t></is></c>'


def _plain(text: str) -> str:
    """Return text as XML may hold it."""
    return escape(_CONTROL.sub("�", text[:LONGEST]), {'"': "&quot;"})
