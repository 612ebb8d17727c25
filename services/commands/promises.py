"""Print what the policy promises, with the tests that prove each and the page that shows it."""

from __future__ import annotations

import unicodedata
from itertools import chain, repeat
from typing import TYPE_CHECKING

from db.words import N_
from services import promises
from services.language import translate

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from services.language import Language
    from services.promises import Row

HEADS = (N_("Number"), N_("Clause"), N_("Promise"), N_("Seen on"), N_("Proved by"))


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--language", choices=("en", "ko"), default="en", help="en unless told")


def run(chosen: Namespace) -> None:
    """Print the table and how many promises are proved."""
    print(drawn(promises.table(), chosen.language))


def drawn(rows: Sequence[Row], language: Language) -> str:
    """Return the table as text, its columns straight in a terminal, and the counts below it."""
    cells = [tuple(translate(language, head) for head in HEADS)]
    cells += [line for row in rows for line in _lines(row, language)]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(map(padded, line, widths)).rstrip() for line in cells]
    return "\n".join([*lines, "", _count(rows, language)])


def _lines(row: Row, language: Language) -> list[tuple[str, ...]]:
    """Return a promise's lines: one, or as many as tests prove it."""
    promise = row.promise
    title = promise.title.ko if language == "ko" else promise.title.en
    first = (promise.id, promise.clause, title, promise.screen or "-")
    lefts = chain([first], repeat(("",) * len(first)))
    return [(*left, test) for left, test in zip(lefts, row.tests or ("-",), strict=False)]


def _count(rows: Sequence[Row], language: Language) -> str:
    return translate(
        language,
        N_("{n} promises: {proved} proved by {tests} tests, {shown} seen on a page."),
        n=len(rows),
        proved=sum(row.proved for row in rows),
        tests=len({test for row in rows for test in row.tests}),
        shown=sum(row.promise.screen is not None for row in rows),
    )


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes; a Korean letter takes two."""
    return sum(_columns(letter) for letter in unicodedata.normalize("NFC", text))


def _columns(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def padded(text: str, columns: int) -> str:
    """Return the text with spaces up to a width in columns."""
    return text + " " * (columns - width(text))
