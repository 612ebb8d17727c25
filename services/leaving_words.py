"""What leaving and its certificate call things: kinds, and the rules by which they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from db.declarations import ITEMS, KINDS
from db.words import N_, RecordKind
from services.language import translate
from services.leaving_plan import HOLD, Line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from db.policy import Policy
    from services.language import Language

TABLES: Final[dict[str, str]] = {
    "device": N_("Device ID"),
    "service_use": N_("Services used"),
    "consent": N_("Consent records"),
    "disclosure": N_("Records of what was given to others"),
    "restriction": N_("Records of stops"),
    "guardianship": N_("Links to guardians"),
    "request": N_("Requests"),
    "evidence": N_("Files given as proof"),
    "pending_value": N_("New values not confirmed yet"),
    "inbox": N_("Messages to you"),
    "demand": N_("Records of demands made by law"),
    "dispute": N_("Disputes about who acts for the child"),
}
"""A member's tables, in words; a test holds every one of `leaving_plan.OTHERS` to have some."""
_HELD: Final = N_("Held because a law asks for it")


@dataclass(frozen=True)
class KeptTogether:
    """What one rule keeps until one day: its name, the last day, and kinds with their counts."""

    rule: str
    until: date
    kinds: tuple[str, ...]


def kind(language: Language, name: str) -> str:
    """Return what a kind is called: an item, a kind of record, or a table."""
    if name in ITEMS:
        return translate(language, ITEMS[name].label)
    if name in TABLES:
        return translate(language, TABLES[name])
    return translate(language, KINDS[RecordKind(name)].label)


def counted(language: Language, line: Line) -> str:
    """Return a kind with how many there are, where there are several."""
    name = kind(language, line.kind)
    if line.kind in ITEMS and line.count == 1:
        return name
    return translate(language, N_("{kind} ({n})"), kind=name, n=f"{line.count:,}")


def rule(language: Language, policy: Policy, name: str) -> str:
    """Return what a rule of retention is called in a version of the policy."""
    if name == HOLD:
        return translate(language, _HELD)
    words = policy.rule(name).name
    return words.ko if language == "ko" else words.en


def together(language: Language, policy: Policy, lines: Iterable[Line]) -> tuple[KeptTogether, ...]:
    """Return the kept lines by rule and last day, what ends first at the top."""
    kept = [(line.kept_until, line.rule, line) for line in lines if line.rule and line.kept_until]
    kept.sort(key=lambda one: one[:2])
    return tuple(
        KeptTogether(
            rule(language, policy, name), until, tuple(counted(language, o[2]) for o in group)
        )
        for (until, name), group in groupby(kept, key=lambda one: one[:2])
    )
