"""Child and guardians are told a month before the 14th birthday: from when, and what changes.

Set-based: each hour those are found who have not been told of this very day; a corrected birth date
is another day, of which they are told anew. A sleeping child's own address is used for nothing: its
guardians alone are told, and what they do then wakes it.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, Text, and_, func, literal, or_, select

from db.children_rules import rules
from db.clock import seoul_day
from db.period import Period
from db.sealing import SealError
from db.tables.member import DORMANT, LIVE
from db.tables.ops import outbox as told
from services import guarding, jobs, ledger, notify, outbox
from services.language import DEFAULT
from services.ledger import EventName
from services.outbox import Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Select

    from db.sealing import Sealer
    from db.words import Store

CHILD: Final = "fourteen_child"
GUARDIAN: Final = "fourteen_guardian"
ASLEEP: Final = "fourteen_asleep"
MOST: Final = 1_000
"""Children in one run: the hourly run stays short."""
_M = LIVE.member.c


def told_by(birthday: date, today: date) -> bool:
    """Return whether child and guardians are told by now of the 14th birthday: what to do for it.

    From the day on which a notice goes to them, too.
    """
    return today >= birthday - timedelta(days=rules().coming_of_age.notice_days)


def named_by(birthday: date, today: date) -> bool:
    """Return whether the day is named by now: from a year before it."""
    return Period(years=1).ends_on(today) >= birthday


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
    children = [*data.scalars(due), *data.scalars(_asleep(today, last))]
    jobs.defer_many(data, jobs.FOURTEEN, [{"member_id": str(child)} for child in children])
    return len(children)


def _asleep(today: date, last: date) -> Select[tuple[UUID]]:
    """Return sleeping children with a guardian who has not been told of this very day."""
    child, link = DORMANT.member.c, DORMANT.guardianship.c
    day = func.to_char(child.turns_14_on, literal("YYYY-MM-DD", Text))
    key = literal(f"{GUARDIAN}:", Text) + link.member_id.cast(Text) + literal(":", Text) + day
    before = select(told.c.member_id).where(told.c.member_id == link.guardian_id, told.c.key == key)
    return (
        select(child.member_id)
        .join(DORMANT.guardianship, link.member_id == child.member_id)
        .where(child.turns_14_on > today, child.turns_14_on <= last, _cares(today))
        .where(~before.exists())
        .group_by(child.member_id, child.turns_14_on)
        .order_by(child.turns_14_on, child.member_id)
        .limit(MOST)
    )


def _cares(today: date) -> ColumnElement[bool]:
    """Return whether a sleeping child's link holds, and its guardian is here and may act."""
    link, other = DORMANT.guardianship.c, DORMANT.guardianship.alias("suspension")
    barred = select(other.c.member_id).where(
        other.c.member_id == link.member_id,
        other.c.guardian_id == link.guardian_id,
        guarding.suspended(other.c, today),
    )
    adult = or_(_M.turns_19_on.is_(None), _M.turns_19_on <= today)
    here = select(_M.member_id).where(_M.member_id == link.guardian_id, adult)
    holds = (link.started_on <= today, or_(link.ended_on.is_(None), link.ended_on > today))
    return and_(*holds, ~barred.exists(), here.exists())


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
    if row is None:
        return _tell_of_sleeping(data, child, opened, now)
    if not _soon(row.turns_14_on, today):
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


def _tell_of_sleeping(
    data: Connection, child: UUID, opened: Callable[[UUID], tuple[Store, Sealer]], now: datetime
) -> bool:
    """Tell the guardians of a sleeping child; return whether one was told now."""
    today, member, link = seoul_day(now), DORMANT.member.c, DORMANT.guardianship.c
    turns = data.scalar(
        select(member.turns_14_on).where(member.member_id == child).with_for_update()
    )
    if turns is None or not _soon(turns, today):
        return False
    params = {"day": turns.isoformat(), "answer": str(rules().coming_of_age.answer_days)}
    # The same fact as to a child awake: who sleeps or wakes meanwhile is not told of twice.
    message = Message(ASLEEP, "either", DEFAULT, params, f"{GUARDIAN}:{child}:{turns}")
    found = (
        select(link.guardian_id)
        .where(link.member_id == child, _cares(today))
        .distinct()
        .order_by(link.guardian_id)
    )
    told_now = [_write(data, one, opened, message, now) for one in data.scalars(found).all()]
    if any(told_now):
        ledger.note(data, ledger.Entry(EventName.FOURTEEN_TOLD, child), now)
    return any(told_now)


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
