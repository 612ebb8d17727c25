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
_KEPT_WORDS = 2


def _whole(_value: str) -> str:
    return STARS


def _text(value: str) -> str:
    return value[:1] + STARS


def _name(value: str) -> str:
    """Keep the first and the last character; of two, the first; of one, nothing."""
    if len(value) <= 1:
        return "*"
    return value[0] + "*" * max(len(value) - 2, 1) + (value[-1] if len(value) > 2 else "")  # noqa: PLR2004


def _login(value: str) -> str:
    return value[:2] + STARS if len(value) > 4 else value[:1] + STARS  # noqa: PLR2004


def _email(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if not at:
        return STARS
    return (local[:2] if len(local) > 2 else local[:1]) + STARS + at + domain  # noqa: PLR2004


def _phone(value: str) -> str:
    """Keep the first three digits and the last four; short numbers keep the last two."""
    digits = _DIGITS.findall(value)
    first, last = (3, 4) if len(digits) > 8 else (0, 2)  # noqa: PLR2004
    seen = -1

    def star(_match: re.Match[str]) -> str:
        nonlocal seen
        seen += 1
        return digits[seen] if seen < first or seen >= len(digits) - last else "*"

    return _DIGITS.sub(star, value)


def _address(value: str) -> str:
    """Keep the first two words (province and district), never the last one."""
    words = value.split()
    kept = words[: min(_KEPT_WORDS, len(words) - 1)]
    return " ".join([*kept, STARS])


def _date(value: str) -> str:
    """Keep the year of an ISO date."""
    return f"{value[:4]}. **. **." if len(value) >= 4 else STARS  # noqa: PLR2004


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
