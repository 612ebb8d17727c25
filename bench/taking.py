"""Pages while many members' copies are made: what somebody who only looks has to wait for them."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from bench import many
from bench.archive import Taking
from bench.crowd import Crowd
from bench.installation import themselves
from bench.tab import Place
from bench.timing import Measure
from db.tables.exports import export
from db.words import ExportGroup, ExportState, Purpose
from services import access, exports
from services.actor import Permission
from services.archive_source import Order
from services.ledger import EventName

if TYPE_CHECKING:
    from uuid import UUID

    from bench.installation import Installation

COPIES: Final = 20
RECORDS: Final = 100_000
SESSIONS: Final = 60
_LOOK = access.Look(EventName.EXPORT_ASKED, Permission.DATA_EXPORT, "/export")
_HERE = (ExportState.ASKED, ExportState.RUNNING)


def measure(place: Installation, ours: str, _stock: str) -> dict[str, Measure]:
    """Return 95 of 100 overviews' time while 20 copies are made, beside that before."""
    people = [Taking(place, RECORDS).member_id for _ in range(COPIES)]
    places = [Place(ours, "", place.sign_in(one)) for one in many.people(place, SESSIONS)]
    place.settle()
    calm, busy = asyncio.run(_both(place, places, people))
    return {"page_p95_while_20_copies_are_made": Measure.of(busy, calm)}


def largest(place: Installation, records: int) -> dict[str, Measure]:
    """Return the seconds from asking to taking a copy of so many records, beside its floor."""
    taking = Taking(place, records)
    place.settle()
    started = time.perf_counter()
    taking.floor()
    floor, started = time.perf_counter() - started, time.perf_counter()
    _ask(taking.member_id)
    while _waiting(place):
        time.sleep(0.5)
    took = time.perf_counter() - started
    return {
        f"copy_of_{records}_records": Measure(
            round(took, 2), round(floor, 2), round(took / floor, 2), "s"
        )
    }


async def _both(
    place: Installation, places: list[Place], people: list[UUID]
) -> tuple[float, float]:
    crowd = Crowd(places, [])
    try:
        await crowd.grow(SESSIONS)
        await crowd.p95()
        calm = await crowd.p95()
        for one in people:
            _ask(one)
        busy = [await crowd.p95()]
        while (left := _waiting(place)) and left > COPIES // 4:
            busy.append(await crowd.p95())
        if not left:
            sys.exit("The copies were made before the pages were measured: raise RECORDS.")
        return calm, max(busy)
    finally:
        await asyncio.gather(*(s.close() for s in crowd.sockets), return_exceptions=True)


def _ask(member_id: UUID) -> None:
    now = datetime.now(UTC)
    actor = replace(themselves(member_id), at=now, verified_at=now)
    order = Order(frozenset(ExportGroup), "ko")
    with access.open(actor, member_id, Purpose.EXPORT, look=_LOOK) as subject:
        exports.ask(subject, order)


def _waiting(place: Installation) -> int:
    with place.work.data.connect() as data:
        query = select(func.count()).select_from(export).where(export.c.state.in_(_HERE))
        return data.scalar(query) or 0
