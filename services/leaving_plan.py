"""What leaving destroys at once, and what it keeps until when under which rule (clause 3.1, 3.2).

The page that asks "if I leave today" and the worker that does it take their answers from here. Kept
are the items that the policy names, for its period from the day of leaving; records that have a
period of their own, until their own last day; and with them the identifiers that the policy data
lists for their kind (P05, P06). What the officer holds by law stays until that ends (clause 4).
Everything else goes at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from db.declarations import ITEMS, KINDS
from db.policy_facts import AFTER_WITHDRAWAL
from db.tables.member import LIVE
from db.words import RecordKind
from services.holds import INBOX

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from db.policy import Policy

HOLD: Final = "hold"
"""The rule of what a legal hold alone keeps."""
VALUES: Final = LIVE.profile_value.name
RECORDS: Final = LIVE.record.name
RECORDS_OVER: Final = "record_over"
"""What `ops.held` calls records whose last day is past, and which only a hold keeps."""
OTHERS: Final = tuple(
    table.name for table in LIVE.all if table.name not in {LIVE.member.name, VALUES, RECORDS}
)
"""The rest of a member's tables, parents first: kept by a hold on the member alone."""
_ORDER: Final = (*ITEMS, *KINDS, *OTHERS)


class Fate(StrEnum):
    """What becomes of something."""

    DESTROYED = "destroyed"
    KEPT = "kept"


@dataclass(frozen=True)
class Held:
    """How many of a kind are held: an item's values, records of a kind, or rows of a table.

    `part` is `VALUES`, `RECORDS`, `RECORDS_OVER` or a name of `OTHERS`; `last_end` the last day of
    the record that is kept longest.
    """

    part: str
    kind: str
    count: int
    last_end: date | None = None


@dataclass(frozen=True)
class Holds:
    """Until when legal holds reach: on the member, and on kinds (names of `holds.KINDS`)."""

    member: date | None = None
    kinds: dict[str, date] = field(default_factory=dict)

    def until(self, kind: str) -> date | None:
        """Return the last day on which something of `kind` is held, None when it isn't."""
        return _later(self.member, self.kinds.get(kind))


@dataclass(frozen=True)
class Line:
    """One kind and its fate: `kind` is an item, a kind of record or a table of a member.

    `rule`: an id of the policy's retention rules, or `HOLD`; None where it goes at once.
    `kept_until` is the last day of what is kept longest.
    """

    kind: str
    count: int
    rule: str | None = None
    kept_until: date | None = None

    @property
    def fate(self) -> Fate:
        """Return whether it stays for a while."""
        return Fate.DESTROYED if self.rule is None else Fate.KEPT


@dataclass(frozen=True)
class Kept:
    """Under which rule something is kept, and its last day."""

    rule: str
    until: date


def _later(one: date | None, other: date | None) -> date | None:
    days = [day for day in (one, other) if day is not None]
    return max(days) if days else None


def items_kept(
    policy: Policy, records: dict[RecordKind, date], holds: Holds, today: date
) -> dict[str, Kept]:
    """Return which items stay, each under the rule that keeps it longest.

    `records`: the last day of the records kept, by kind; `today`: the Seoul day of leaving.
    """
    rule = policy.rule(AFTER_WITHDRAWAL)
    found = [(item, Kept(rule.id, rule.ends_on(today))) for item in rule.items]
    found += [
        (item, Kept(kind.value, last))
        for kind, last in records.items()
        for item in policy.operator.identifiers[kind]
    ]
    if held := holds.kinds.get(AFTER_WITHDRAWAL):
        found += [(item, Kept(HOLD, held)) for item in rule.items]
    if holds.member:
        found += [(item, Kept(HOLD, holds.member)) for item in ITEMS]
    kept: dict[str, Kept] = {}
    for item, one in found:
        if item not in kept or one.until > kept[item].until:
            kept[item] = one
    return kept


def record_kept(kind: RecordKind, last_end: date, holds: Holds, today: date) -> Kept | None:
    """Return how long a record stays, None when its last day is past and no hold covers it."""
    held = holds.until(kind)
    if last_end >= today and (held is None or last_end >= held):
        return Kept(kind.value, last_end)
    return Kept(HOLD, held) if held else None


def kept_records(held: Iterable[Held], holds: Holds, today: date) -> dict[RecordKind, date]:
    """Return the last day of the records that stay, by kind."""
    found: dict[RecordKind, date] = {}
    for one in held:
        if one.part not in (RECORDS, RECORDS_OVER) or one.last_end is None:
            continue
        kind = RecordKind(one.kind)
        if kept := record_kept(kind, one.last_end, holds, today):
            found[kind] = max(found.get(kind, kept.until), kept.until)
    return found


def table_kept(table: str, holds: Holds) -> Kept | None:
    """Return how long the rows of one of `OTHERS` stay: only what a hold covers does."""
    until = holds.until(INBOX) if table == INBOX else holds.member
    return Kept(HOLD, until) if until else None


def plan(policy: Policy, held: Iterable[Held], holds: Holds, today: date) -> tuple[Line, ...]:
    """Return the fate of each kind that is held, in the order in which screens show them."""
    known = tuple(held)
    items = items_kept(policy, kept_records(known, holds, today), holds, today)
    found = [_line(one, items, holds, today) for one in known if one.count]
    return tuple(sorted(found, key=lambda line: (_ORDER.index(line.kind), line.rule is None)))


def _line(one: Held, items: dict[str, Kept], holds: Holds, today: date) -> Line:
    if one.part == VALUES:
        kept = items.get(one.kind)
    elif one.part in (RECORDS, RECORDS_OVER) and one.last_end:
        kept = record_kept(RecordKind(one.kind), one.last_end, holds, today)
    else:
        kept = table_kept(one.kind, holds)
    return Line(one.kind, one.count, *((kept.rule, kept.until) if kept else (None, None)))
