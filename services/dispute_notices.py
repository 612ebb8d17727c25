"""Tells everybody whom it concerns what was decided of a dispute, by the worker: it has all keys.

Nobody is told who had opened it, nor what was said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from db.clock import seoul_day
from db.sealing import SealError
from db.tables.member import LIVE
from services import guarding, holding_back, notify, outbox
from services.language import DEFAULT
from services.outbox import Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from db.sealing import Sealer
    from db.words import Store

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
    table = LIVE.dispute
    row = data.execute(
        select(table).where(
            table.c.member_id == key[0],
            table.c.dispute_id == key[1],
            table.c.decided_at.is_not(None),
        )
    ).one_or_none()
    if row is None:
        return 0
    day = seoul_day(row.decided_at)
    another = holding_back.is_open(data, key[0], seoul_day(now))
    params = {"another": "yes" if another else "no"}
    decided = Message(DECIDED, "either", DEFAULT, params, f"{DECIDED}:{key[1]}")
    told = _write(data, key[0], opened, decided, now)
    link = LIVE.guardianship
    links = data.execute(
        select(
            link,
            guarding.guards(link.c.member_id, link.c.guardian_id, day).label("guards"),
        ).where(link.c.member_id == key[0])
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
        told += _write(data, guardian, opened, message, now)
    return told


def _stops(link: Row[Any], day: date) -> bool:
    """Return whether a guardian stops on the day of the decision, or has a later day to stop."""
    days = [one for one in (link.ended_on, link.suspended_on) if one]
    return any(one > day or (one == day and not link.guards) for one in days)


def _day(day: object) -> str:
    return str(day) if day else ""


def _write(
    data: Connection,
    who: UUID,
    opened: Callable[[UUID], tuple[Store, Sealer]],
    message: Message,
    now: datetime,
) -> int:
    try:
        _store, sealer = opened(who)
    except (outbox.NoKeyError, SealError):
        return 0
    return int(notify.write(data, LIVE, (who, sealer), message, now))
