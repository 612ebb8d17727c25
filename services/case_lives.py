"""What becomes of cases by themselves, as the worker: with time, and with their member."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import delete, exists, func, literal, or_, select, update

from db.among import among
from db.clock import seoul_day
from db.law import law
from db.tables.cases import case as cases
from db.tables.cases import case_paper, case_step, lookup
from db.tables.keys import case_key
from db.tables.member import LIVE
from db.tables.ops import staff
from db.words import Caller, CaseKind, CaseOutcome, DestructionMethod, GrantEnded, StepState, Store
from services import erasing, guarding
from services.destroying_rows import CASE_WORDS, Batch, day_run, record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from services.house import House

_RUNS: Final = UUID("0e2c0b3c-6f43-4a5e-9d0f-6a3a7f2f4f10")
_OF_CALLERS: Final = (CaseKind.CALL, CaseKind.RECOVERY)
_BATCH: Final = 1000
_LOOKUPS_KEPT: Final = timedelta(days=2 * 365)
"""As long as the access log of staff (safety measures notice)."""


def expire(data: Connection, now: datetime) -> int:
    """End steps that nobody answered in time; return how many."""
    c = case_step.c
    late = (c.state == StepState.WAITING, c.expires_at <= now)
    ended = {"state": StepState.EXPIRED, "sealed": None, "link_digest": None}
    return int(data.execute(update(case_step).where(*late).values(ended)).rowcount)


def turned_14(data: Connection, now: datetime) -> int:
    """End the right of guardians to act for who has turned 14 by now; return how many."""
    child, today = LIVE.member.c, seoul_day(now)
    turned = select(child.member_id).where(
        child.member_id == cases.c.member_id,
        or_(child.turns_14_on.is_(None), child.turns_14_on <= today),
    )
    return _end(data, GrantEnded.TURNED_14, now, cases.c.caller == Caller.GUARDIAN, turned.exists())


def guardians_gone(data: Connection, now: datetime) -> int:
    """End the right of guardians who may not act for their child any more; return how many."""
    c = cases.c
    acts = guarding.guards(c.member_id, c.guardian_id, seoul_day(now))
    return _end(data, GrantEnded.GUARDIAN_ENDED, now, c.guardian_id.is_not(None), ~acts)


def moved(data: Connection, members: Sequence[UUID], why: GrantEnded, now: datetime) -> int:
    """End the right to act for who went to sleep or woke, in the transaction that moves them.

    So for a child whose guardian it is that did. The case stays, says why, and is gone on with
    after the caller was verified anew.
    """
    c = cases.c
    wards = _end(data, GrantEnded.GUARDIAN_ENDED, now, c.guardian_id.in_(members))
    return _end(data, why, now, c.member_id.in_(members)) + wards


def _end(data: Connection, why: GrantEnded, now: datetime, *which: ColumnElement[bool]) -> int:
    c = cases.c
    open_ = (c.kind.in_(_OF_CALLERS), c.closed_at.is_(None), c.grant_ended.is_(None))
    ended = {"grant_ended": why, "granted_until": now, "permissions": ["case_handle"]}
    return int(data.execute(update(cases).where(*open_, *which).values(ended)).rowcount)


def left(data: Connection, member_id: UUID, now: datetime) -> None:
    """Close the cases of who leaves; what was said and given in any of theirs goes at once.

    As a guardian they have no right left in those of a child.
    """
    c = cases.c
    _end(data, GrantEnded.GUARDIAN_ENDED, now, c.guardian_id == member_id)
    still = (c.member_id == member_id, c.closed_at.is_(None), c.kind.in_(_OF_CALLERS))
    ended = {"closed_at": now, "outcome": CaseOutcome.MEMBER_LEFT, "permissions": []}
    data.execute(update(cases).where(*still).values(ended))
    for table in (case_paper, case_step):
        data.execute(delete(table).where(table.c.member_id == member_id))
    # Of the staff who was a member, too, nothing says so any more.
    was = update(staff).where(staff.c.own_membership == member_id).values(own_membership=None)
    data.execute(was)


def run(house: House, now: datetime) -> int:
    """Destroy what was said in cases whose time is over, with their keys; return how many.

    A case itself stays: who of the staff had which right is kept apart from what was said. The
    day's record of it is closed by the hourly run, which lets it leave the files, too.
    """
    done = 0
    while True:
        with house.databases.data.begin() as data:
            over = _over(data, now)
            with house.databases.keys.begin() as keys:
                keys.execute(delete(case_key).where(case_key.c.case_id.in_(over)))
            _destroy(data, over, now)
            data.execute(delete(lookup).where(lookup.c.day < seoul_day(now - _LOOKUPS_KEPT)))
        done += len(over)
        if len(over) < _BATCH:
            _destroy_unused(house, _unused_keys(house, now))
            return done


def _destroy_unused(house: House, unused: Sequence[UUID]) -> None:
    if unused:
        with house.databases.keys.begin() as keys:
            keys.execute(delete(case_key).where(among(case_key.c.case_id, unused)))
        with suppress(*erasing.NOT_NOW):  # somebody has it in hand: it goes with the next of them
            erasing.erase({house.databases.keys: (case_key,)})


def _over(data: Connection, now: datetime) -> Sequence[UUID]:
    """Return a batch of the cases whose time is over."""
    c = cases.c
    words = (exists().where(table.c.case_id == c.case_id) for table in (case_paper, case_step))
    over = select(c.case_id).where(c.closed_at < _over_since(now), or_(*words))
    return data.scalars(over.order_by(c.case_id).limit(_BATCH)).all()


def _over_since(now: datetime) -> ColumnElement[datetime]:
    return literal(now) - func.make_interval(0, law().calls.kept.in_months)


def _unused_keys(house: House, now: datetime) -> Sequence[UUID]:
    """Return old keys of cases in which nothing is said any more, or never was."""
    with house.databases.keys.connect() as keys:
        old = select(case_key.c.case_id).where(case_key.c.created_at < _over_since(now))
        ids = set(keys.scalars(old))
    with house.databases.data.connect() as data:
        c = cases.c
        used = select(c.case_id).where(
            among(c.case_id, ids), or_(c.closed_at.is_(None), c.closed_at >= _over_since(now))
        )
        return list(ids - set(data.scalars(used))) if ids else []


def _destroy(data: Connection, over: Sequence[UUID], now: datetime) -> None:
    """Delete what was said in them, and count it in the day's record."""
    gone = sum(
        data.execute(delete(table).where(table.c.case_id.in_(over))).rowcount
        for table in (case_step, case_paper)
    )
    if gone:
        batch = Batch(day_run(data, _RUNS, now), now, 0)
        what = (Store.LIVE, CASE_WORDS, "")
        record(data, batch, what, gone, method=DestructionMethod.ROWS_AND_KEY)
