"""Every consent that is asked for or was decided, as it stands now, for the page that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from db import consent_terms, places
from db.declarations import ITEMS, Sensitivity
from db.law import law
from db.period import Period
from db.words import ConsentKind, Purpose
from services import use
from services.consent_asked import Asked, Consents, Device, Recipient, State
from services.consent_queries import asked_for
from services.masking import mask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from db.consent_terms import Term, Terms
    from services.consent_state import Book, Latest
    from services.gathering import Row
    from services.subject import Subject

ASKED_AGAIN: Final = timedelta(days=30)
"""How long before its end a consent to advertising is asked for again."""
_BY_PURCHASE = frozenset({Purpose.DELIVERY, Purpose.BILLING, Purpose.PAYMENT})
"""What a recipient gets for a purchase needs no consent (clause 5), so none is asked for."""


def current(subject: Subject, terms: Terms | None = None) -> Consents:
    """Return every consent as it stands: one query. `terms`: those in force, unless given."""
    rows = asked_for(subject.tables.store).ask(
        subject.connection, member=subject.member_id, today=subject.today
    )
    terms = terms or consent_terms.in_force(subject.today)
    made = _Reading(
        use.book(rows["consents"], subject.today, terms),
        use.Standing(frozenset(), use.restricted(rows["restricted"])),
        {row["company_id"]: _recipient(row) for row in rows["companies"]},
        waits=bool(rows["age"]),
    )
    devices = tuple(_device(subject, row) for row in rows["devices"])
    return Consents(
        terms,
        tuple(made.all()),
        devices,
        any(row["unproved"] for row in rows["child"]),
        any(row["young"] for row in rows["child"]),
        next((row["until"] for row in rows["age"]), None),
    )


@dataclass(frozen=True)
class _Reading:
    book: Book
    standing: use.Standing
    companies: dict[str, Recipient]
    waits: bool = False

    def all(self) -> Iterator[Asked]:
        for term in self.book.terms.consents:
            if term.each == "item":
                yield from (self._sensitive(term, item) for item in term.items)
            elif term.each == "recipient":
                yield from self._third_parties(term)
            elif term.each is None:
                yield self._one(term, self.book.find(term.kind, term.channel))

    def _one(self, term: Term, latest: Latest | None) -> Asked:
        needed = self.book.terms.together[term.id][1:]
        missing = tuple(t for t in needed if not self.book.yes(self.book.find(t.kind, t.channel)))
        return self._asked(term, latest, on=self.book.yes(latest), waits_for=missing)

    def _sensitive(self, term: Term, item: str) -> Asked:
        own, general = self.book.find(term.kind, item=item), self.book.find(term.kind)
        on = self.book.sensitive(item)
        # A withdrawal of all came after the yes to this very item.
        withdrawn = own is not None and own.granted and not on and general is not None
        return self._asked(term, general if withdrawn else own or general, item, on=on)

    def _third_parties(self, term: Term) -> Iterator[Asked]:
        listed = [
            (company_id, item)
            for company_id, one in self.companies.items()
            if one.known and one.purpose not in _BY_PURCHASE
            for item in one.items
        ]
        named = [
            (one.recipient, one.item)
            for one in self.book.records
            if one.kind is ConsentKind.THIRD_PARTY and one.recipient and one.item and one.granted
        ]
        for company_id, item in dict.fromkeys(listed + sorted(named)):
            latest = self.book.find(term.kind, None, company_id, item)
            unknown = Recipient(company_id, company_id, known=False)
            recipient = self.companies.get(company_id, unknown)
            yield self._third_party(term, latest, item, recipient)

    def _third_party(
        self, term: Term, latest: Latest | None, item: str, recipient: Recipient
    ) -> Asked:
        on = self.book.yes(latest)
        sensitive = ITEMS[item].sensitivity is Sensitivity.SENSITIVE if item in ITEMS else False
        health = self.book.terms.by_kind.get((ConsentKind.SENSITIVE, None))
        missing = (health,) if health and sensitive and not self.book.sensitive(item) else ()
        return self._asked(term, latest, item, recipient, on=on, waits_for=missing)

    def _asked(
        self,
        term: Term,
        latest: Latest | None,
        item: str | None = None,
        recipient: Recipient | None = None,
        *,
        on: bool,
        waits_for: tuple[Term, ...] = (),
    ) -> Asked:
        until = last_day(term, latest) if on else None
        state = State.ON if on else _why_off(term, latest, self.book.today)
        if self.waits and latest is not None and latest.paused and state is State.OVER:
            over = latest.over(self.book.today) or latest.company_ended_at
            state = State.OVER if over else State.PAUSED
        return Asked(
            term, state, latest, item, recipient, waits_for,
            self._stopped(term, item, recipient), until,
            due=bool(until and term.confirmed_again and until - self.book.today <= ASKED_AGAIN),
            would_end=_would_end(term, recipient, self.book.today),
        )  # fmt: skip

    def _stopped(self, term: Term, item: str | None, recipient: Recipient | None) -> bool:
        if not self.standing.restricted:
            return False
        items = (item,) if item else term.items
        purposes: Iterable[str] = term.purposes
        if recipient:
            purposes = (recipient.purpose,) if recipient.purpose else ()
        return any(self.standing.restricts(i, Purpose(p)) for i in items for p in purposes)


def last_day(term: Term, latest: Latest | None) -> date | None:
    """Return the last day of a yes; None when it lasts until it is withdrawn."""
    if latest is None or latest.decided_on is None:
        return None
    days = [latest.ends_on] if latest.ends_on else []
    if term.confirmed_again:
        days.append(law().advertising.confirm_again.ends_on(latest.decided_on))
    return min(days, default=None)


def _would_end(term: Term, recipient: Recipient | None, today: date) -> date | None:
    """Return the last day of a yes given today: by law, the terms' period, or the contract's."""
    periods = [term.lasts] if term.lasts else []
    if term.confirmed_again:
        periods.append(law().advertising.confirm_again)
    days = [period.ends_on(today) for period in periods]
    if recipient and recipient.ends_on:
        days.append(recipient.ends_on)
    return min(days, default=None)


def _why_off(term: Term, latest: Latest | None, today: date) -> State:
    if latest is None:
        return State.NEVER
    if not latest.granted:
        return State.OFF
    if latest.decided_at is None or latest.decided_on is None:
        return State.UNDATED
    if latest.over(today) or latest.company_ended_at:
        return State.OVER
    before = latest.terms_from is not None and latest.decided_at < latest.terms_from
    changed = term.asked_since is not None and latest.decided_on < term.asked_since
    return State.ASKED_ANEW if before or changed else State.OVER


def _recipient(row: Row) -> Recipient:
    return Recipient(
        row["company_id"], row["name"], row["purpose"],
        Period(**row["kept"]) if row["kept"] else None, tuple(row["items"]),
        row["contract_ends_on"], row["fictional"], known=row["ended_at"] is None,
    )  # fmt: skip


def _device(subject: Subject, row: Row) -> Device:
    text = subject.open(row["sealed"], places.device(row["device_row_id"]))
    shown = mask(ITEMS["device_id"].mask, text) if text else None
    return Device(row["device_row_id"], shown, row["last_used_on"], row["refused_at"])
