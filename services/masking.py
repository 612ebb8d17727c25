"""What a value looks like before verification: one rule a kind, the same everywhere.

The forms are those of the safety measures notice as the portal reads it: 홍*동, 010-****-1234,
ab***@example.com, 서울시 강남구 ***.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from db.declarations import Mask

if TYPE_CHECKING:
    from collections.abc import Callable

STARS = "***"
_DIGITS = re.compile(r"\d")
_LETTERS = re.compile(r"[^\W\d_]")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_KEPT_WORDS = 2
_SHORTEST_PHONE = 6
_MOST_STARS = 8
"""A name of any length stays on its line, and a very long one does not tell its length."""


def _whole(_value: str) -> str:
    return STARS


def _start(value: str, most: int) -> str:
    """Keep the first `most` characters, but never more than half of them."""
    return value[: min(most, len(value) // 2)] + STARS


def _text(value: str) -> str:
    return _start(value, 1)


def _name(value: str) -> str:
    """Keep the first character and a last letter; of two, the first; of one, nothing."""
    if len(value) <= 1:
        return "*"
    stars = "*" * min(max(len(value) - 2, 1), _MOST_STARS)
    last = value[-1] if value[-1].isalnum() else "*"
    return value[0] + stars + (last if len(value) > 2 else "")  # noqa: PLR2004


def _login(value: str) -> str:
    return _start(value, 2)


def _email(value: str) -> str:
    local, at, domain = value.rpartition("@")
    return _start(local, 2) + at + domain if at else STARS


def _phone(value: str) -> str:
    """Keep the first three digits and the last four; of eight or fewer, the last two."""
    digits = _DIGITS.findall(value)
    if len(digits) < _SHORTEST_PHONE or _LETTERS.search(value):
        return STARS
    first, last = (3, 4) if len(digits) > 8 else (0, 2)  # noqa: PLR2004
    places = iter(range(len(digits)))

    def star(match: re.Match[str]) -> str:
        place = next(places)
        return match[0] if place < first or place >= len(digits) - last else "*"

    return _DIGITS.sub(star, value)


def _address(value: str) -> str:
    """Keep the first two words (province and district), never the last one."""
    words = value.split()
    return " ".join([*words[: min(_KEPT_WORDS, len(words) - 1)], STARS])


def _date(value: str) -> str:
    """Keep the year of an ISO date."""
    return f"{value[:4]}. **. **." if _ISO_DAY.fullmatch(value) else STARS


def _none(value: str) -> str:
    return value


RULES: dict[Mask, Callable[[str], str]] = {
    Mask.NONE: _none,
    Mask.TEXT: _text,
    Mask.NAME: _name,
    Mask.LOGIN: _login,
    Mask.EMAIL: _email,
    Mask.PHONE: _phone,
    Mask.ADDRESS: _address,
    Mask.DATE: _date,
    Mask.WHOLE: _whole,
}


def mask(rule: Mask, value: str) -> str:
    """Return the masked form of `value`; an empty one stays empty."""
    return RULES[rule](value) if value else value
