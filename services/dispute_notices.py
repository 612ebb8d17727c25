"""Tells everybody whom it concerns what was decided of a dispute, by the worker: it has all keys.

Nobody is told who had opened it, nor what was said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, false, func, not_, or_, select

from db.clock import seoul_day
from db.sealing import SealError
from db.tables.member import DORMANT, LIVE
from db.words import Store
from services import guarding, holding_back, notify, outbox
from services.language import DEFAULT
from services.outbox import Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection, Row

    from db.sealing import Sealer
    from db.tables.member import MemberTables

DECIDED: Final = "dispute_decided"
STOPPED: Final = "guardian_stopped"


def tell(
    data: Connection,
    key: tuple[UUID, UUID],
    opened: Callable[[UUID], tuple[Store, Sealer]],
    now: datetime,
) -> int:
    """Write to the child and its guardians what became of the dispute `key`; return to how many.

    While another is open the address stays hidden, and the message says so.
    """
    found = _decided(data, key)
    if found is None:
        return 0
    tables, row = found
    day = seoul_day(row.decided_at)
    another = holding_back.is_open(data, key[0], seoul_day(now))
    params = {"another": "yes" if another else "no"}
    decided = Message(DECIDED, "either", DEFAULT, params, f"{DECIDED}:{key[1]}")
    # A sleeping child's own address is used for nothing: it reads of it when it is back.
    told = write(data, key[0], opened, decided, now) if tables is LIVE else 0
    link = tables.guardianship
    links = data.execute(
        select(link, guards(tables, day).label("guards")).where(link.c.member_id == key[0])
    )
    newest = {row.guardian_id: row for row in sorted(links, key=lambda one: one.started_on)}
    for guardian, one in newest.items():
        if _stops(one, day):
            later = one.suspended_on if one.suspended_on and one.suspended_on > day else None
            params = {"why": one.suspended_why or "", "until": _day(one.suspended_until),
                      "ended": "yes" if one.ended_on and one.ended_on >= day else "no",
                      "since": _day(later)}  # fmt: skip
            message = Message(STOPPED, "either", DEFAULT, params, f"{STOPPED}:{key[1]}")
        elif one.guards:
            message = decided
        else:
            continue  # their part had ended before
        told += write(data, guardian, opened, message, now)
    return told


def _decided(data: Connection, key: tuple[UUID, UUID]) -> tuple[MemberTables, Row[Any]] | None:
    """Return what was decided, and the tables it stands in: the child may sleep."""
    for tables in (LIVE, DORMANT):
        table = tables.dispute.c
        which = (table.member_id == key[0], table.dispute_id == key[1])
        row = data.execute(
            select(tables.dispute).where(*which, table.decided_at.is_not(None))
        ).one_or_none()
        if row is not None:
            return tables, row
    return None


def guards(tables: MemberTables, day: date) -> ColumnElement[bool]:
    """Return whether a link lets its guardian act on a day, were a sleeping child awake."""
    link = tables.guardianship.c
    if tables is LIVE:
        return guarding.guards(link.member_id, link.guardian_id, day)
    return stands(tables, day)


def stands(tables: MemberTables, day: date) -> ColumnElement[bool]:
    """Return whether a link holds on a day and is not suspended."""
    link = tables.guardianship.c
    holds = (link.started_on <= day, or_(link.ended_on.is_(None), link.ended_on > day))
    return and_(*holds, not_(func.coalesce(guarding.suspended(link, day), false())))


def _stops(link: Row[Any], day: date) -> bool:
    """Return whether a guardian stops on the day of the decision, or has a later day to stop."""
    days = [one for one in (link.ended_on, link.suspended_on) if one]
    return any(one > day or (one == day and not link.guards) for one in days)


def _day(day: object) -> str:
    return str(day) if day else ""


def write(
    data: Connection,
    who: UUID,
    opened: Callable[[UUID], tuple[Store, Sealer]],
    message: Message,
    now: datetime,
) -> int:
    """Write to one member, once; return 1, or 0 for who has no key or was told before."""
    try:
        store, sealer = opened(who)
    except (outbox.NoKeyError, SealError):
        return 0
    if store is Store.RETAINED:
        return 0
    if store is Store.DORMANT:  # who sleeps has no inbox here, and is written to all the same
        return int(outbox.enqueue_once(data, sealer, who, message, now) is not None)
    return int(notify.write(data, LIVE, (who, sealer), message, now))
