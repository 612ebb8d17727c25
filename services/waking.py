"""Brings a sleeping member back as they were, when they ask for it (clause 3.3; P12)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from db.clock import seoul_day
from db.tables.member import LIVE
from db.tables.moves import move, separation
from db.tables.ops import session
from db.words import ActorKind, GrantEnded, MoveKind, Noted, Store
from services import case_lives, jobs, journal, ledger, moving, notify, outbox
from services.actor import Actor
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from services.house import House
    from services.language import Language
    from services.subject import Subject

_log = logging.getLogger("portal")


@dataclass(frozen=True)
class Asleep:
    """Since when an account sleeps, for which last use, and whether it is being woken."""

    since: date | None
    last_used_on: date | None
    told_on: date | None
    under_way: bool


def asleep(subject: Subject) -> Asleep:
    """Return what a sleeping member may know of it: one query."""
    ours = separation.c
    row: Any = subject.connection.execute(
        select(ours.separated_at, ours.last_counted_on, ours.noticed_at).where(
            ours.member_id == subject.member_id
        )
    ).one_or_none()
    waking = under_way(subject.connection, subject.member_id)
    if row is None:
        return Asleep(None, None, None, waking)
    return Asleep(
        seoul_day(row.separated_at), row.last_counted_on, seoul_day(row.noticed_at), waking
    )


def under_way(connection: Connection, member_id: UUID) -> bool:
    """Return whether the member asked for a move that is not done yet."""
    found = select(move.c.kind).where(move.c.member_id == member_id)
    return connection.scalar(found) is not None


def ask(subject: Subject) -> bool:
    """Have the worker bring the member back; return False when it was asked for before.

    Raise `StepUpRequired` unless freshly verified (P12).
    """
    actor = subject.actor
    actor.require_verification()
    row = {
        "member_id": subject.member_id, "kind": MoveKind.REACTIVATE, "asked_at": subject.at,
        "actor_kind": actor.kind, "actor_id": actor.person, "session_id": actor.session_id,
        "language": actor.language,
    }  # fmt: skip
    asked = subject.connection.scalar(
        insert(move).values(row).on_conflict_do_nothing().returning(move.c.member_id)
    )
    if asked is not None:
        journal.note(
            subject.connection, Noted.REQUESTED, subject.member_id, subject.at, rows=[(move, row)]
        )
        jobs.defer(subject.connection, jobs.WAKE, member_id=str(subject.member_id))
    return asked is not None


def wake_all(house: House, now: datetime) -> int:
    """Bring back whoever asked and still waits, should a worker have died; return how many."""
    moving.finish(house, now)
    with house.databases.data.connect() as data:
        waiting = data.scalars(
            select(move.c.member_id).where(move.c.kind == MoveKind.REACTIVATE)
        ).all()
    back = 0
    for member_id in waiting:
        with moving.later_if_busy():
            back += _wake_one(house, member_id, now)
    return back


def _wake_one(house: House, member_id: UUID, now: datetime) -> bool:
    """Bring one back; whose key is lost waits on, and keeps nobody else waiting."""
    try:
        return wake(house, member_id, now)
    except outbox.NoKeyError:
        _log.error("somebody who asked to be woken has no key that opens anything")
        return False


def wake(house: House, member_id: UUID, now: datetime) -> bool:
    """Do what was asked for; return whether the member came back now. Twice changes nothing.

    Raise `NoKeyError` when nothing of theirs opens.
    """
    with house.databases.data.begin() as data:
        asked = data.execute(
            select(move)
            .where(move.c.member_id == member_id, move.c.kind == MoveKind.REACTIVATE)
            .with_for_update()
        ).one_or_none()
        if asked is None:
            return False
        data.execute(delete(move).where(move.c.member_id == member_id))
        back = _bring_back(house, data, member_id, now)
        if back:
            # Whoever signs in by themselves has claimed what was kept only for them.
            mine = LIVE.member.c.member_id == member_id
            data.execute(update(LIVE.member).where(mine).values(unclaimed_on=None))
            actor = Actor(ActorKind(asked.actor_kind), asked.actor_id, asked.session_id, now)
            ledger.write(data, actor, ledger.Entry(EventName.WOKEN, member_id))
            language: Language = "en" if asked.language == "en" else "ko"
            message = outbox.Message("woken", "either", language, key=f"woken:{now.isoformat()}")
            notify.write(data, LIVE, (member_id, None), message, now)
    if back:
        _settle(house, member_id, now)
    return back


def undo(house: House, notice_id: UUID, now: datetime) -> bool:
    """Bring back who was separated on a notice that turns out to have bounced (P10).

    The database lets no bounce be recorded while a separation rests on that notice.
    """
    with house.databases.data.begin() as data:
        query = select(separation.c.member_id).where(separation.c.notice_id == notice_id)
        member_id = data.scalar(query)
        back = member_id is not None and _bring_back(house, data, member_id, now)
        if back and member_id is not None:
            ledger.note(data, ledger.Entry(EventName.WOKEN, member_id), now)
    if back and member_id is not None:
        _settle(house, member_id, now)
    return back


def _bring_back(house: House, data: Connection, member_id: UUID, now: datetime) -> bool:
    if not moving.lock(data, Store.DORMANT, [member_id]):
        return False
    moving.give_way(data)
    with house.databases.keys.begin() as keys:
        if not moving.rewrap(keys, house.keyring, [member_id], Store.DORMANT, Store.LIVE):
            raise outbox.NoKeyError
    moving.rows(data, [member_id], Store.DORMANT, Store.LIVE)
    case_lives.moved(data, [member_id], GrantEnded.WOKEN, now)
    data.execute(delete(separation).where(separation.c.member_id == member_id))
    member = LIVE.member
    today = seoul_day(now)
    data.execute(
        update(member).where(member.c.member_id == member_id).values(last_counted_on=today)
    )
    # Open tabs see it on their next run.
    data.execute(update(session).where(session.c.member_id == member_id).values(store=Store.LIVE))
    journal.note(data, Noted.REACTIVATED, member_id, now)
    return True


def _settle(house: House, member_id: UUID, now: datetime) -> None:
    with house.databases.keys.begin() as keys:
        moving.settle(keys, [member_id], Store.LIVE, now)
