"""Decisions about consents: appended, never changed; of several the last one wins.

The member gets a receipt at once, and who is concerned is told (network act art. 50).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from sqlalchemy import select, update

from db import consent_terms
from db.declarations import ITEMS
from db.errors import PortalError
from db.words import N_, Change, CompanyRole, ConsentKind
from services import consent_words, consent_writing, telling
from services.actor import Relation
from services.consent_asked import Asked, Consents, State
from services.consent_list import current
from services.guardian_calls import by_guardian

if TYPE_CHECKING:
    from datetime import date

    from db.consent_terms import Term
    from services.journal_rows import Row
    from services.subject import Subject

APP: Final = "엄마와"
"""The app whose account needs the device id (clause 7)."""
_VERIFIED = frozenset({ConsentKind.SENSITIVE, ConsentKind.THIRD_PARTY})
"""A yes to these lets health data be used, or data leave: it wants to be surely the member's own.
A no never does: withdrawing is as easy as can be (PIPA art. 38(4))."""


class ConsentRefused(PortalError):  # noqa: N818 (the sentence says what to do instead)
    """The decision can't be taken; nothing was changed."""


@dataclass(frozen=True)
class Decision:
    """A yes or no to one consent: `consent` is its id in the terms, such as `advertising.email`."""

    consent: str
    granted: bool
    recipient: str | None = None
    item: str | None = None


@dataclass(frozen=True)
class Recorded:
    """What was written; `meanwhile`: it stood like that already, decided in another tab."""

    consent_ids: tuple[UUID, ...]
    granted: bool
    meanwhile: bool = False


def needs_verification(term: Term, *, granted: bool) -> bool:
    """Return whether the decision wants a fresh verification."""
    return granted and term.kind in _VERIFIED


def record(subject: Subject, decision: Decision) -> Recorded:
    """Append a decision, tell the member and who is concerned; it counts at once.

    Raise `ConsentRefused` for what is not asked for, or needs another consent first, and
    `StepUpRequired` for a yes to sensitive data or a third party without a fresh verification.
    """
    _lock(subject)
    known = current(subject)
    asked = known.find(decision.consent, decision.recipient, decision.item)
    return _record(subject, known, asked, granted=decision.granted)


def record_by_key(subject: Subject, key: str, *, granted: bool) -> Recorded:
    """As `record`, for the consent that a page names by `Asked.key`."""
    _lock(subject)
    known = current(subject)
    asked = next((one for one in known.asked if one.key == key), None)
    return _record(subject, known, asked, granted=granted)


def _record(subject: Subject, known: Consents, asked: Asked | None, *, granted: bool) -> Recorded:
    if asked is None:
        raise ConsentRefused(N_("This consent is not asked for any more. Nothing was changed."))
    if granted:
        _check_child(subject, known)
        _check_yes(subject, asked)
    written = consent_writing.append(subject, (asked,), granted=granted)
    consent_writing.tell(subject, (asked,), written, granted=granted)
    return Recorded(written, granted, meanwhile=asked.on == granted)


def items_of(key: str, today: date) -> tuple[str, ...]:
    """Return the items that the consent of this `Asked.key` is about, without a look at anybody."""
    consent, _, rest = key.partition("-")
    term = consent_terms.in_force(today).named(consent)
    item = rest.rpartition("-")[2]
    return (item,) if item in ITEMS else term.items if term else ()


def advertising_off(subject: Subject) -> Recorded:
    """Withdraw every consent to advertising messages, by day and night, in one action."""
    _lock(subject)
    known = current(subject).advertising
    there = tuple(one for one in known if one.latest is not None and one.latest.granted)
    if not there:
        return Recorded((), granted=False, meanwhile=True)
    written = consent_writing.append(subject, there, granted=False)
    consent_writing.tell(subject, there, written, granted=False)
    return Recorded(written, granted=False)


def confirm(subject: Subject) -> Recorded:
    """Say yes again to the advertising that would soon end (network act art. 50(8))."""
    _lock(subject)
    known = current(subject)
    due = tuple(one for one in known.advertising if one.on and one.due)
    if not due:
        raise ConsentRefused(N_("No consent is about to end. Nothing was changed."))
    _check_child(subject, known)
    written = consent_writing.append(subject, due, granted=True)
    consent_writing.tell(subject, due, written, granted=True)
    return Recorded(written, granted=True)


def refuse_device(subject: Subject, device: UUID) -> UUID:
    """Refuse a device's id: it is removed at once, and the app is told (clause 7, P22).

    Raise `ConsentRefused` when there is no such device, or it was refused before.
    """
    _lock(subject)
    term = current(subject).terms.named("device")
    if term is None:
        raise ConsentRefused(N_("This consent is not asked for any more. Nothing was changed."))
    asked = Asked(term, State.ON, item="device_id")
    consent_id = uuid4()
    # Told before the row changes: it says which app the device is of.
    telling.tell(
        subject, Change.DEVICE_REFUSED, ("device_id",), key=f"device:{consent_id}",
        only=CompanyRole.SOURCE_SYSTEM,
    )  # fmt: skip
    table = subject.tables.device
    gone = subject.connection.execute(
        update(table)
        .where(
            table.c.member_id == subject.member_id,
            table.c.device_row_id == device,
            table.c.refused_at.is_(None),
        )
        .values(sealed=None, refused_at=subject.at)
        .returning(table)
    ).mappings()
    rows: list[Row] = [(table, one) for one in gone]
    if not rows:
        raise ConsentRefused(N_("This device was refused before. Nothing was changed."))
    row = consent_writing.row_of(subject, asked, granted=False, shown=True)
    consent_writing.write(subject, [row | {"consent_id": consent_id, "recipient": APP}], rows)
    consent_writing.receipt(subject, (asked,), consent_id, granted=False)
    return consent_id


def _lock(subject: Subject) -> None:
    """Let two tabs that decide at once go one after the other, so that each sees what stands."""
    member = subject.tables.member.c
    subject.connection.execute(
        select(member.member_id).where(member.member_id == subject.member_id).with_for_update()
    )


def _check_child(subject: Subject, known: Consents) -> None:
    """Let a child's guardian say yes, once their own consent is on record (P41; PIPA art. 22-2)."""
    if known.store_only:
        raise ConsentRefused(
            N_("First a guardian has to consent to holding the child's data, under “Child · "
               "Guardian”. Nothing was changed.")
        )  # fmt: skip
    if known.child and subject.relation is Relation.STAFF and not by_guardian(subject):
        raise ConsentRefused(
            N_("The member is under 14: only a guardian can say yes to this, in a case of theirs. "
               "Nothing was changed.")
        )  # fmt: skip
    if known.child and subject.relation is Relation.SELF:
        raise ConsentRefused(
            N_("Until you are 14, only your guardian can say yes to this. You can always switch "
               "it off. Nothing was changed.")
        )  # fmt: skip


def _check_yes(subject: Subject, asked: Asked) -> None:
    if asked.recipient is not None and not _offered(asked):
        raise ConsentRefused(
            N_("This company does not receive this item any more. Nothing was changed.")
        )
    if asked.waits_for and not asked.on:
        language = subject.actor.language
        first = consent_words.line(language, asked.waits_for[-1].id, None, asked.item)
        raise ConsentRefused(
            N_("This needs another consent first: {first}. Nothing was changed."), first=first
        )
    if needs_verification(asked.term, granted=True):
        subject.actor.require_verification()


def _offered(asked: Asked) -> bool:
    one = asked.recipient
    return one is not None and one.known and asked.item in one.items
