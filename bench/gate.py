"""The gate: one opening with its ledger event, beside a transaction of one query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from bench.installation import member, themselves
from bench.timing import beside
from db.words import Purpose
from services import access
from services.access import Look
from services.ledger import EventName

if TYPE_CHECKING:
    from bench.installation import Installation
    from bench.timing import Measure

_ONE = text("select 1")


def measure(place: Installation) -> Measure:
    """Return the time of `access.open` with an event written by each opening, none folded."""
    somebody = member(records=10)
    place.join([somebody])
    actor, look = themselves(somebody.member_id), Look(EventName.PROFILE_VIEWED, folds=False)

    def opening() -> None:
        with access.open(actor, somebody.member_id, Purpose.SHOW, look=look):
            pass

    def bare() -> None:
        with place.web.data.begin() as connection:
            connection.execute(_ONE)

    return beside(opening, bare, rounds=300)
