"""Calling back at a registered number, and never at one that staff have just put there (P31).

Whoever of the staff changes a number in one case could be called back there in the next, and pass
for the member. A mobile number no staff change alone (`services.correction`); every number that
staff changed, whoever agreed to it, rests: what the member changed themselves counts at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import any_, or_, select

from db.declarations import ITEMS
from db.law import law
from db.places import profile as place_of
from db.tables.ledger import event
from db.words import N_, ActorKind, Caller, VerifiedBy
from services import caller_check
from services.cases import CaseRefused
from services.ledger import EventName

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from services.cases import Case
    from services.subject import Subject

NUMBERS: Final = ("mobile", "phone")


@dataclass(frozen=True)
class Numbers:
    """The registered numbers in full, by what they are called; `resting`: what is left out."""

    known: dict[str, str] = field(repr=False)
    resting: tuple[str, ...]


def numbers(subject: Subject, case: Case) -> Numbers:
    """Return where the caller may be called back; the opening must say that it shows them."""
    held = _held(subject, case)
    found = {
        item: subject.open(sealed, place_of(item, 0))
        for item, (sealed, rests) in held.items()
        if not rests and subject.may_use(item)
    }
    known = {ITEMS[name].label: text for name in NUMBERS if (text := found.get(name))}
    rest = tuple(ITEMS[name].label for name in NUMBERS if name in held and held[name][1])
    return Numbers(known, rest)


def called_back(subject: Subject, case: Case) -> None:
    """Note that the caller answered at the registered number and knew what only they know.

    Raise `CaseRefused` where there is no number that counts, and in a guardian's case: what is
    registered is the child's.
    """
    if case.caller is Caller.GUARDIAN:
        raise CaseRefused(
            N_("No number of the guardian is kept with the child's data: use a code or documents.")
        )
    if all(rests for _sealed, rests in _held(subject, case).values()):
        raise CaseRefused(N_("There is no registered number to call back: use documents."))
    caller_check.verified(subject, case, VerifiedBy.CALL_BACK)


def _held(subject: Subject, case: Case) -> dict[str, tuple[bytes, bool]]:
    """Return what is held of `NUMBERS`, sealed, and whether each rests: one query."""
    table = subject.tables.profile_value.c
    rows = subject.connection.execute(
        select(table.item, table.sealed, _rests(subject, case).label("rests")).where(
            table.member_id == subject.member_id, table.item.in_(NUMBERS),
            table.seq == 0, table.sealed.is_not(None),
        )
    )  # fmt: skip
    return {row.item: (bytes(row.sealed), bool(row.rests)) for row in rows}


def _rests(subject: Subject, case: Case) -> ColumnElement[bool]:
    """Return whether what is held now was put there by staff, in this case or not long ago.

    What a guardian put there shows for good that the guardian answers, and not the child.
    """
    table, c = subject.tables.profile_value.c, event.c
    since = subject.at - timedelta(days=law().calls.number_rests_days)
    return (
        select(c.event_id)
        .where(
            c.member_id == table.member_id, c.name == EventName.VALUE_CORRECTED,
            c.allowed, table.item == any_(c["items"]), c.at >= table.changed_at,
            or_(
                c.actor_kind == ActorKind.GUARDIAN,
                (c.actor_kind == ActorKind.STAFF)
                & or_(c.case_id == case.case_id, c.at > since),
            ),
        )
        .exists()
    )  # fmt: skip
