"""Why somebody may not join again and by what they are known, in plain words of either language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from db.declarations import ITEMS
from db.words import N_, BarKept, BarWhy
from services.joining import KINDS
from services.language import translate

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from services.language import Language

WHY: Final[dict[BarWhy, str]] = {
    BarWhy.DECEIT: N_("Deceit when paying or ordering"),
    BarWhy.HARASSMENT: N_("Harassing other members"),
    BarWhy.FALSE_IDENTITY: N_("Joining as somebody else"),
    BarWhy.UNASKED_SALES: N_("Advertising or selling without permission"),
    BarWhy.OFFERS_MISUSED: N_("Misusing offers or events"),
}
KEPT: Final[dict[BarKept, str]] = {
    BarKept.SHOWN_BY_RECORDS: N_("Our records show it"),
    BarKept.HAPPENED_AGAIN: N_("It happened more than once"),
    BarKept.OTHERS_AT_RISK: N_("Other members could come to harm"),
}
_NAME_BIRTH: Final = N_("name with birth date")


def number(bar_id: UUID) -> str:
    """Return what a bar is called between us and its member: `4F2A-91BC`."""
    digits = bar_id.hex.upper()
    return f"{digits[:4]}-{digits[4:8]}"


def why(language: Language, word: str) -> str:
    """Return why a bar was placed."""
    return translate(language, WHY[BarWhy(word)])


def kept(language: Language, word: str) -> str:
    """Return why a bar stays although its member objected."""
    return translate(language, KEPT[BarKept(word)])


def known_by(language: Language, kinds: Iterable[str]) -> str:
    """Return by what somebody is known again, by comma, always in one order."""
    held = set(kinds)
    names = (ITEMS[k].label if k in ITEMS else _NAME_BIRTH for k in KINDS if k in held)
    return ", ".join(translate(language, name) for name in names)
