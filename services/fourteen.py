"""Child and guardians are told a month before the 14th birthday: from when, and what changes.

Set-based: each hour those are found who have not been told of this very day; a corrected birth date
is another day, of which they are told anew. A sleeping child's data is used for nothing, so nobody
is told of it.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import Text, func, literal, select

from db.children_rules import rules
from db.clock import seoul_day
from db.sealing import SealError
from db.tables.member import LIVE
from db.tables.ops import outbox as told
from services import guarding, jobs, ledger, notify, outbox
from services.language import DEFAULT
from services.ledger import EventName
from services.outbox import Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from db.sealing import Sealer
    from db.words import Store

CHILD: Final = "fourteen_child"
GUARDIAN: Final = "fourteen_guardian"
MOST: Final = 1_000
"""Children in one run: the hourly run stays short."""
_M = LIVE.member.c


def run(data: Connection, now: datetime) -> int:
    """Enqueue the notices that are due; return of how many children. Twice tells nobody twice."""
    today = seoul_day(now)
    last = today + timedelta(days=rules().coming_of_age.notice_days)
    key = literal(f"{CHILD}:", Text) + func.to_char(_M.turns_14_on, literal("YYYY-MM-DD", Text))
    before = select(told.c.member_id).where(told.c.member_id == _M.member_id, told.c.key == key)
    due = (
        select(_M.member_id)
        .where(_M.turns_14_on > today, _M.turns_14_on <= last, ~before.exists())
        .order_by(_M.turns_14_on, _M.member_id)
        .limit(MOST)
    )
    children = data.scalars(due).all()
    jobs.defer_many(data, jobs.FOURTEEN, [{"member_id": str(child)} for child in children])
    return len(children)


def tell(
    data: Connection, child: UUID, opened: Callable[[UUID], tuple[Store, Sealer]], now: datetime
) -> bool:
    """Tell one child and its guardians, as the worker; return whether the child was told now.

    `opened` finds a member's key. Whoever has none is passed over.
    """
    today = seoul_day(now)
    row = data.execute(
        select(_M.turns_14_on, guarding.reached(LIVE).label("reached"))
        .where(_M.member_id == child)
        .with_for_update()
    ).one_or_none()
    if row is None or not _soon(row.turns_14_on, today):
        return False
    day = row.turns_14_on.isoformat()
    params = {"day": day, "reached": "yes" if row.reached else "no",
              "answer": str(rules().coming_of_age.answer_days)}  # fmt: skip
    for guardian in _guardians(data, child, today):
        # The child's id stands for one of several children; no name of theirs leaves their data.
        _write(data, guardian, opened, Message(
            GUARDIAN, "either", DEFAULT, params, f"{GUARDIAN}:{child}:{day}"), now)  # fmt: skip
    new = _write(
        data, child, opened, Message(CHILD, "either", DEFAULT, params, f"{CHILD}:{day}"), now
    )
    if new:
        ledger.note(data, ledger.Entry(EventName.FOURTEEN_TOLD, child), now)
    return new


def _soon(day: date | None, today: date) -> bool:
    wait = timedelta(days=rules().coming_of_age.notice_days)
    return day is not None and today < day <= today + wait


def _guardians(data: Connection, child: UUID, today: date) -> list[UUID]:
    link = LIVE.guardianship.c
    found = (
        select(link.guardian_id)
        .where(link.member_id == child, guarding.guards(link.member_id, link.guardian_id, today))
        .distinct()
        .order_by(link.guardian_id)
    )
    return list(data.scalars(found))


def _write(
    data: Connection,
    who: UUID,
    opened: Callable[[UUID], tuple[Store, Sealer]],
    message: Message,
    now: datetime,
) -> bool:
    try:
        _store, sealer = opened(who)
    except (outbox.NoKeyError, SealError):
        return False
    return notify.write(data, LIVE, (who, sealer), message, now)
