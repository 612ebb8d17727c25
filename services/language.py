"""The two languages of the screens.

Messages in the code are English sentences; `locale/ko` translates them. A message without a
translation stays English, so that a missing one is odd to read but never hides what it says.
"""

import re
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final, Literal

from babel.messages.pofile import read_po
from babel.numbers import format_compact_decimal

from db.clock import SEOUL

Language = Literal["ko", "en"]
DEFAULT: Final[Language] = "ko"
CATALOGUE: Final = Path(__file__).parents[1] / "locale/ko/LC_MESSAGES/portal.po"

_TWO_STOPS: Final = re.compile(r"(?<=\d)\.\.(?!\.)")


@cache
def korean() -> dict[str, str]:
    """Return the Korean sentence of each message id, read from the catalogue once."""
    with CATALOGUE.open(encoding="utf-8") as file:
        catalogue = read_po(file, locale="ko", abort_invalid=True)
    sentences: dict[str, str] = {}
    for message in catalogue:
        ids, strings = forms(message.id), forms(message.string)
        if message.id and strings[0]:
            # Korean has one plural form; both English ones lead to it.
            sentences.update(dict.fromkeys(ids, strings[0]))
    return sentences


def forms(value: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """Return a message's forms: one, or two in English where it counts something."""
    return (value or "",) if value is None or isinstance(value, str) else tuple(value)


def translate(language: Language, message: str, /, **params: object) -> str:
    """Return `message` in `language` with its `{named}` params filled in.

    :raises KeyError: a param that the sentence names is missing.
    """
    sentence = korean().get(message, message) if language == "ko" else message
    return one_stop(sentence.format(**params)) if params else sentence


def one_stop(text: str) -> str:
    """Return a sentence that ends with a day, `2026. 11. 22.`, with one full stop."""
    return _TWO_STOPS.sub(".", text) if ".." in text else text


def plural(language: Language, one: str, many: str, n: int, /, **params: object) -> str:
    """Return the sentence for `n` things: `one` or `many`, each of which may use `{n}`, `1,667`."""
    return translate(language, one if n == 1 else many, n=f"{n:,}", **params)


def format_date(day: date) -> str:
    """Return a day as `2026. 11. 22.`; a moment is the day it falls on in Seoul."""
    local = _in_seoul(day) if isinstance(day, datetime) else day
    return f"{local.year}. {local.month}. {local.day}."


def format_datetime(moment: datetime) -> str:
    """Return a moment as `2026. 11. 22. 15:05`, in Seoul."""
    local = _in_seoul(moment)
    return f"{format_date(local)} {local:%H:%M}"


def format_short(language: Language, n: int) -> str:
    """Return a number in as few signs as it is read in: `16`, `12만` or `12K`."""
    return str(format_compact_decimal(n, locale=language))


def _in_seoul(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        message = "a moment without a time zone can't be shown"
        raise ValueError(message)
    return moment.astimezone(SEOUL)
