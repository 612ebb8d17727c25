"""What staff do in the case of a guardian counts as that guardian's: no more may be done in it.

The case says which guardian calls (`guardian_id`). Nothing is done in it, and nobody is written to,
while that guardian may not act for the child (P29); of another guardian nobody learns by it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from db.clock import seoul_day
from db.tables.cases import case as cases
from db.tables.member import LIVE
from db.words import N_, Caller
from services import guarding
from services.actor import Relation

if TYPE_CHECKING:
    from datetime import date, datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from services.cases import Case
    from services.subject import Subject

NO_MORE: Final = N_(
    "This guardian may not act for the child any more: the link has ended or is suspended, or the "
    "child is 14. Nothing can be done in this case; please answer and close it."
)

NOBODY_WRITTEN_TO: Final = N_(
    "This guardian may not act for the child any more, so that nobody is written to. Please tell "
    "them yourself, and choose “Told on the spot”."
)


@dataclass(frozen=True)
class Guardian:
    """A guardian of a child, by the number that "Who looked" gives them; `acts`: today."""

    number: int
    guardian_id: UUID = field(repr=False)
    acts: bool


def of_child(connection: Connection, child: UUID, today: date) -> tuple[Guardian, ...]:
    """Return everybody who is or was a guardian of the child, in their order: one query."""
    link = LIVE.guardianship.c
    since = func.min(link.started_on)
    rows = connection.execute(
        select(
            link.guardian_id, guarding.guards(link.member_id, link.guardian_id, today).label("acts")
        )
        .where(link.member_id == child)
        .group_by(link.member_id, link.guardian_id)
        .order_by(since, link.guardian_id)
    )
    return tuple(Guardian(n, row.guardian_id, row.acts) for n, row in enumerate(rows, start=1))


def of_case(connection: Connection, case: Case, today: date) -> Guardian | None:
    """Return the guardian who calls in a case, in a transaction of its child; None: nobody's."""
    if case.guardian_id is None:
        return None
    known = of_child(connection, case.member_id, today)
    return next((one for one in known if one.guardian_id == case.guardian_id), None)


def acts(connection: Connection, child: UUID, guardian: UUID | None, today: date) -> bool:
    """Return whether the guardian of a case may act today; nobody may where none is named."""
    if guardian is None:
        return False
    return bool(connection.scalar(select(guarding.guards(child, guardian, today))))


def asks_still(connection: Connection, row: Row[*tuple[Any, ...]], now: datetime) -> bool:
    """Return whether who asked may ask still; `row` has `caller`, `member_id`, `guardian_id`."""
    if row.caller != Caller.GUARDIAN:
        return True
    return acts(connection, row.member_id, row.guardian_id, seoul_day(now))


def _called(subject: Subject) -> Row[*tuple[Any, ...]] | None:
    """Return who asks in the case that staff act in; None for anybody but staff.

    The case says so, and not the session: a second one of the staff has it in another's hand.
    """
    if subject.relation is not Relation.STAFF or subject.case_id is None:
        return None
    c = cases.c
    mine = (c.case_id == subject.case_id, c.member_id == subject.member_id)
    return subject.connection.execute(select(c.caller, c.guardian_id).where(*mine)).one_or_none()


def by_guardian(subject: Subject) -> bool:
    """Return whether staff act in the case of a guardian: one query for staff, else none."""
    row = _called(subject)
    return row is not None and row.caller == Caller.GUARDIAN


def guardian_of(subject: Subject) -> UUID | None:
    """Return the guardian who calls, if they may act today; None outside of a guardian's case."""
    row = _called(subject)
    if row is None or row.guardian_id is None:
        return None
    there = acts(subject.connection, subject.member_id, row.guardian_id, subject.today)
    found: UUID | None = row.guardian_id if there else None
    return found
