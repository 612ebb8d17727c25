"""Which steps of a case wait for a second word, so that nothing is asked for twice (P31)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.words import StepWhat

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from services.case_steps import Step


def clearing(steps: Iterable[Step], now: datetime) -> frozenset[str]:
    """Return the items whose clearing waits."""
    clears = [one for one in steps if one.what is StepWhat.CLEAR and one.open(now)]
    return frozenset(item for one in clears for item in one.items)


def askable(steps: Iterable[Step], what: StepWhat, now: datetime) -> bool:
    """Return whether it may be asked for; clearing may be, of items for which none waits."""
    return what is StepWhat.CLEAR or not any(one.what is what and one.open(now) for one in steps)


def same(steps: Iterable[Step], what: StepWhat, items: Iterable[str], now: datetime) -> bool:
    """Return whether the same waits already: as a whole, or for one of the items."""
    if what is StepWhat.CLEAR:
        return not clearing(steps, now).isdisjoint(items)
    return not askable(steps, what, now)
