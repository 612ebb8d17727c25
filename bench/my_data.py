"""A member's page: what its services read, beside as many queries that read nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import event, text

from bench.installation import member, themselves
from bench.timing import beside
from db.words import Purpose, RecordKind
from services import access, profile, records
from services.access import Look
from services.ledger import EventName

if TYPE_CHECKING:
    from bench.installation import Installation
    from bench.timing import Measure
    from services.subject import Subject

RECORDS = 1000
_ONE = text("select 1")


def measure(place: Installation) -> Measure:
    """Return the time of reading "My data" of a member with 1,000 records, in an open subject."""
    somebody = member(records=RECORDS)
    place.join([somebody])
    look = Look(EventName.PROFILE_VIEWED)
    actor = themselves(somebody.member_id)
    with access.open(actor, somebody.member_id, Purpose.SHOW, look=look) as subject:
        queries = _count(subject)

        def bare() -> None:
            for _ in range(queries):
                subject.connection.execute(_ONE).all()

        return beside(lambda: _read(subject), bare, rounds=100)


def _read(opened: Subject) -> None:
    # A copy knows nothing yet, as at the start of a page.
    subject = replace(opened)
    held = profile.held(subject, plain=False)
    kinds = records.summary(subject)
    page = records.page(subject, RecordKind.PAYMENT, 1, plain=False)
    if not (held.member and sum(kind.count for kind in kinds) == RECORDS and page):
        msg = "the page is not all there, so its time means nothing"
        raise RuntimeError(msg)


def _count(subject: Subject) -> int:
    """Return how many queries the page makes."""
    seen: list[object] = []

    def note(*_: object) -> None:
        seen.append(None)

    event.listen(subject.connection, "before_cursor_execute", note)
    _read(subject)
    event.remove(subject.connection, "before_cursor_execute", note)
    return len(seen)
