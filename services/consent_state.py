"""Which consents count: pure rules over the latest record of each (PIPA art. 17, 22, 23).

Without a date there is no evidence, so an undated yes is no record. Silence is no, after a change
of the terms too; only the collection of an item is not ended by silence, since members joined
before there were records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.clock import seoul_day
from db.consent_terms import ALWAYS
from db.declarations import ITEMS, Basis, Sensitivity
from db.words import Channel, ConsentKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from uuid import UUID

    from db.consent_terms import Term, Terms

_ON_CONSENT = tuple(n for n, i in ITEMS.items() if i.basis is Basis.CONSENT)
_SENSITIVE = tuple(n for n, i in ITEMS.items() if i.sensitivity is Sensitivity.SENSITIVE)
DEVICE_ID = "device_id"


@dataclass(frozen=True)
class Latest:
    """The latest record of one consent; of several at one instant the strictest.

    `terms_from` and `company_ended_at` are those of the recipient, where it is a known company.
    `paused`: a guardian decided it for a child who decides alone by now, and has not answered yet.
    """

    kind: ConsentKind
    granted: bool
    channel: Channel | None = None
    recipient: str | None = None
    item: str | None = None
    decided_at: datetime | None = None
    ends_on: date | None = None
    terms_from: datetime | None = None
    company_ended_at: datetime | None = None
    decided_by: str | None = None
    consent_id: UUID | None = None
    paused: bool = False

    @property
    def decided_on(self) -> date | None:
        """Return the Seoul day of the decision; None without evidence."""
        return seoul_day(self.decided_at) if self.decided_at else None

    def over(self, today: date) -> bool:
        """Return whether it was refused or withdrawn, or its last day is past."""
        past = self.ends_on is not None and today > self.ends_on
        return not self.granted or (past and self.decided_at is not None)

    def counts(self, term: Term | None, today: date) -> bool:
        """Return whether it is a yes that holds today by itself; what it needs is asked apart."""
        if term is None or self.decided_at is None or self.paused or self.over(today):
            return False
        asked = max(term.since(today), self.terms_from or ALWAYS)
        return self.decided_at >= asked and self.company_ended_at is None


@dataclass(frozen=True)
class Counting:
    """What counts of a member's consents on one day; each only with all that it needs."""

    granted: frozenset[ConsentKind]
    channels: frozenset[tuple[ConsentKind, Channel]]
    shared: frozenset[tuple[str, str]]
    ended_items: frozenset[str]
    sensitive: frozenset[str]


class Book:
    """The latest records of one member under the terms of one day."""

    def __init__(self, latest: Iterable[Latest], terms: Terms, today: date) -> None:
        """Take each consent once."""
        self.terms, self.today = terms, today
        self._latest = {(r.kind, r.channel, r.recipient, r.item): r for r in latest}

    @property
    def records(self) -> tuple[Latest, ...]:
        """Return every latest record."""
        return tuple(self._latest.values())

    def find(
        self,
        kind: ConsentKind,
        channel: Channel | None = None,
        recipient: str | None = None,
        item: str | None = None,
    ) -> Latest | None:
        """Return the latest record of a consent, dated or not."""
        return self._latest.get((kind, channel, recipient, item))

    def yes(self, record: Latest | None) -> bool:
        """Return whether the record is a yes that holds today by itself."""
        if record is None:
            return False
        return record.counts(self.terms.by_kind.get((record.kind, record.channel)), self.today)

    def holds(self, term: Term) -> bool:
        """Return whether a consent that is asked for once holds, with all that it needs."""
        return all(
            self.yes(self.find(one.kind, one.channel)) for one in self.terms.together[term.id]
        )

    def sensitive(self, item: str) -> bool:
        """Return whether a sensitive item may be used (art. 23).

        A record of the very item counts before one of all; a later withdrawal of all ends both.
        """
        own, general = self._both(ConsentKind.SENSITIVE, item)
        if own is not None and own.over(self.today):
            return False
        return self.yes(own) and not _later_no(general, own) if self.yes(own) else self.yes(general)

    def ended(self, kind: ConsentKind, item: str) -> bool:
        """Return whether the item was explicitly refused or withdrawn, or its time is over."""
        own, general = self._both(kind, item)
        if own is not None and own.over(self.today):
            return True
        if own is not None and own.decided_at is not None:
            return _later_no(general, own)
        return general is not None and general.over(self.today)

    def shares(self, record: Latest) -> bool:
        """Return whether a recipient may have the item: a sensitive one needs its own yes, too."""
        item = record.item
        if item not in ITEMS or record.recipient is None or not self.yes(record):
            return False
        if item in _SENSITIVE and not self.sensitive(item):
            return False
        return item not in self.ended_items

    @property
    def ended_items(self) -> frozenset[str]:
        """Return the items that nobody may use any more, for whatever purpose needs them."""
        found = {i for i in _ON_CONSENT if self.ended(ConsentKind.COLLECTION, i)}
        if self.ended(ConsentKind.DEVICE, DEVICE_ID):
            found.add(DEVICE_ID)
        return frozenset(found)

    def counting(self) -> Counting:
        """Return all that counts."""
        once = [t for t in self.terms.consents if t.each is None and self.holds(t)]
        third = [r for r in self.records if r.kind is ConsentKind.THIRD_PARTY]
        return Counting(
            frozenset(t.kind for t in once if t.channel is None),
            frozenset((t.kind, t.channel) for t in once if t.channel is not None),
            frozenset((str(r.recipient), str(r.item)) for r in third if self.shares(r)),
            self.ended_items,
            frozenset(i for i in _SENSITIVE if self.sensitive(i)),
        )

    def _both(self, kind: ConsentKind, item: str) -> tuple[Latest | None, Latest | None]:
        return self.find(kind, item=item), self.find(kind)


def _later_no(general: Latest | None, own: Latest | None) -> bool:
    """Return whether everything was withdrawn after this very item was agreed to."""
    if general is None or general.granted or general.decided_at is None:
        return False
    return own is None or own.decided_at is None or general.decided_at > own.decided_at
