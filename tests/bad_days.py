"""A day with something of everything, and what must be true after it, whatever happened on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid4

from sqlalchemy import insert, literal, select, text, union, update

from db import clock
from db.asleep import NOTICE
from db.clock import seoul_day
from db.drafts import UseDraft
from db.tables import ops
from db.tables.keeping import destruction_run, key_due
from db.tables.keys import member_key
from db.tables.member import LIVE, STORES
from db.tables.moves import move
from db.words import MoveKind, Store
from services import due, verify_ledger
from services.house import House, open_house
from services.tasks import periodic
from tests.leaving import signer, wish_to_leave
from tests.people import member
from tests.services.test_destruction import holder
from tests.services.test_moving import email

if TYPE_CHECKING:
    from pathlib import Path

    from procrastinate import JobContext

    from tests.database import PortalDb


@dataclass(frozen=True)
class People:
    """Who is there, and where each must be in the end; `gone` is in no store."""

    sleeper: UUID
    waker: UUID
    leaver: UUID
    stays: UUID
    gone: UUID

    @property
    def there(self) -> dict[UUID, Store]:
        """Return where those are who are still somewhere."""
        return {self.sleeper: Store.DORMANT, self.waker: Store.LIVE, self.stays: Store.LIVE,
                self.leaver: Store.RETAINED}  # fmt: skip


def people(db: PortalDb, now: datetime) -> People:
    """Write somebody for everything that a day does: due for sleep, asked to wake, asked to leave,
    with records past their day, and gone for a year."""
    today, yesterday = seoul_day(now), seoul_day(now) - timedelta(1)
    last = today - timedelta(400)
    sleeper = member(db, uses=(UseDraft("클래스파트라", last, last),))
    waker, leaver = member(db, Store.DORMANT), member(db)
    with db.work.data.begin() as data:
        data.execute(insert(ops.outbox).values(
            member_id=sleeper, message_id=uuid4(), channel="email", template=NOTICE, language="ko",
            created_at=now - timedelta(40), sent_at=now - timedelta(40), key=f"{NOTICE}:{last}",
            sleeps_on=today - timedelta(9)))  # fmt: skip
    with db.owner_data.begin() as data:
        data.execute(insert(move).values(
            member_id=waker, kind=MoveKind.REACTIVATE, asked_at=now, actor_kind="self",
            actor_id=waker, session_id=uuid4(), language="ko"))  # fmt: skip
    wish_to_leave(db, leaver, now)
    stays = holder(db, yesterday, yesterday, today + timedelta(90))
    gone = holder(db, yesterday, store=Store.RETAINED)
    kept = STORES[Store.RETAINED].profile_value
    with db.work.data.begin() as data:
        data.execute(update(kept).where(kept.c.member_id == gone).values(ends_on=yesterday))
        awake = (LIVE.member.c.member_id.in_((leaver, stays)),)
        data.execute(update(LIVE.member).where(*awake).values(last_counted_on=today))
        for store in (Store.LIVE, Store.DORMANT):  # who wakes would be told on the next run
            data.execute(update(STORES[store].member).values(usage_told_on=today))
    return People(sleeper, waker, leaver, stays, gone)


def house(db: PortalDb) -> House:
    """Return what the worker has, as this process's."""
    signer(db)
    made = House(db.work, db.keyring)
    open_house(made)
    return made


def context(var: Path) -> JobContext:
    """Return what the queue gives a task."""
    given = SimpleNamespace(additional_context={"var": var}, should_abort=lambda: False)
    return cast("JobContext", given)


def day(db: PortalDb) -> None:
    """Do all that the hourly run does, at the time that `clock.now` says."""
    periodic.run_daily(context(db.var), 0)


def whole(db: PortalDb, them: People) -> None:
    """Assert that everybody is in one store and opens there; who is leaving, once that is over."""
    found = stores(db, them)
    assert {who for who, _store in found} >= them.there.keys()
    assert len(found) == len(dict(found)), found
    for who in (them.sleeper, them.waker, them.stays):
        assert email(db, who) == "haneul@example.com"


def stores(db: PortalDb, them: People) -> set[tuple[UUID, Store]]:
    """Return each with the stores in which any row of theirs is."""
    everybody = [*them.there, them.gone]
    rows = (
        select(table.c.member_id, literal(store.value)).where(table.c.member_id.in_(everybody))
        for store, tables in STORES.items()
        for table in tables.all
    )
    with db.owner_data.connect() as data:
        return {(who, Store(store)) for who, store in data.execute(union(*rows))}


def over(db: PortalDb, them: People) -> None:
    """Assert that the day was done: each where they belong, nothing due, nobody told twice."""
    now = clock.now()
    whole(db, them)
    assert stores(db, them) == set(them.there.items())
    assert email(db, them.leaver) == "haneul@example.com"
    key = member_key.c
    with db.owner_keys.connect() as keys:
        mine = key.member_id.in_([*them.there, them.gone])
        found = keys.execute(select(key.member_id, key.store, key.next_store).where(mine))
        assert {tuple(row) for row in found} == {(*one, None) for one in them.there.items()}
    with db.work.data.connect() as data:
        assert due.count(data, now) == ()
        assert data.scalars(select(move.c.member_id)).all() == []
        assert data.scalars(select(key_due.c.member_id)).all() == []
        open_ones = destruction_run.c.verified_at.is_(None)
        assert data.scalars(select(destruction_run.c.run_id).where(open_ones)).all() == []
        said = told(db, them)
        assert said == sorted([NOTICE, NOTICE, "left", "woken"]), said
        twice = text("select args from jobs.procrastinate_jobs where task_name = 'deliver' "
                     "group by args having count(*) > 1")  # fmt: skip
        assert data.execute(twice).all() == []
    sealed(db, now)


def told(db: PortalDb, them: People) -> list[str]:
    """Return what these people were told, mail by mail."""
    with db.owner_data.connect() as data:
        mine = ops.outbox.c.member_id.in_(list(them.there))
        return sorted(data.scalars(select(ops.outbox.c.template).where(mine)))


def sealed(db: PortalDb, now: datetime) -> None:
    """Assert that the ledger agrees with its seals."""
    with db.work.data.connect() as data:
        assert list(verify_ledger.Check(data).all(signer(db).verifier, now)) == []


def at(monkeypatch: Any, now: datetime) -> None:  # noqa: ANN401 (pytest's)
    """Let the clock show this."""
    monkeypatch.setattr(clock, "now", lambda: now)
