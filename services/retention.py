"""Until when things are kept, from the policy's own rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.policy_facts import AFTER_WITHDRAWAL

if TYPE_CHECKING:
    from datetime import date

    from db.policy import Policy
    from services.records import KindSummary


@dataclass(frozen=True)
class Until:
    """How long a profile item is kept: while a member, and after leaving until `if_left_today`.

    `if_left_today` is None where the item is destroyed at once on leaving (clause 3.1, P05).
    """

    item: str
    if_left_today: date | None


@dataclass(frozen=True)
class Bar:
    """One line of the timeline: a kind of record, how many, and the days their keeping ends."""

    kind: KindSummary
    starts: date
    first_end: date
    last_end: date


def until(policy: Policy, item: str, today: date) -> Until:
    """Return how long a profile item is kept under `policy`."""
    rule = policy.rule(AFTER_WITHDRAWAL)
    return Until(item, rule.ends_on(today) if item in rule.items else None)


def bars(kinds: tuple[KindSummary, ...]) -> tuple[Bar, ...]:
    """Return the timeline of the records held, those that end first at the top."""
    found = [Bar(k, k.first_event, k.first_end, k.last_end) for k in kinds]
    return tuple(sorted(found, key=lambda bar: (bar.last_end, bar.kind.kind.name)))
