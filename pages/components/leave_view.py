"""Turns what leaving would do into what the template draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services import leaving_words
from services.leaving_plan import Fate

if TYPE_CHECKING:
    from datetime import date

    from db.policy import Policy
    from services.language import Language
    from services.leaving import Preview


@dataclass(frozen=True)
class KeptView:
    """What one rule keeps until one day; `reach` is how far that lies, in percent of the last."""

    rule: str
    until: date
    kinds: str
    reach: int


def view(language: Language, rules: Policy, found: Preview) -> dict[str, Any]:
    """Return what is destroyed, and what is kept until when, as drawn."""
    kept = leaving_words.together(language, rules, found.of(Fate.KEPT))
    longest = max(((one.until - found.day).days for one in kept), default=1) or 1
    return {
        "gone": [leaving_words.counted(language, line) for line in found.of(Fate.DESTROYED)],
        "kept": [
            KeptView(
                one.rule, one.until, ", ".join(one.kinds),
                max(2, round(100 * (one.until - found.day).days / longest)),
            )
            for one in kept
        ],
        "running": [
            (one.name.ko if language == "ko" else one.name.en, one.until) for one in found.running
        ],
    }  # fmt: skip
