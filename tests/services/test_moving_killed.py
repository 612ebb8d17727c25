"""`kill -9` at any statement of a separation, waking, leaving or destruction: all stay whole (P09).

`CRASHES=1000` tries more instants; each is printed, so that it can be tried again by its number.
"""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, func, select, text, update

from db import engines
from db.asleep import NOTICE
from db.tables import ops
from db.tables.keeping import destruction as lines
from db.tables.keeping import destruction_run, key_due
from db.tables.member import LIVE
from db.tables.moves import move
from db.words import Store
from services import destruction, dormancy, due, waking, withdrawing
from services.house import House
from tests.leaving import signer, status, wish_to_leave
from tests.people import NOW, member
from tests.services.test_destruction import RETAINED, YESTERDAY, holder, leaver, left
from tests.services.test_dormancy import accept, house_of, unused, wish
from tests.services.test_moving import email, key_of, stores_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P09", "P10", "P12")

CRASHES = int(os.environ.get("CRASHES", "0"))
INSTANTS = range(1, CRASHES + 1) if CRASHES else range(1, 21, 2)
AT = NOW + timedelta(days=31)


def killed(db: PortalDb, work: Callable[[House], object], instant: int) -> bool:
    """Do the work in a process that dies before its `instant`-th statement or commit."""
    child = os.fork()
    if child == 0:
        databases = engines.connect(db.addresses.roles["portal_work"])
        left = [instant]

        def count(*_: Any) -> None:  # noqa: ANN401
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        for engine in (databases.data, databases.keys):
            event.listen(engine, "before_cursor_execute", count)
            event.listen(engine, "commit", count)
        try:
            work(House(databases, db.keyring))
        finally:
            os._exit(0)
    _pid, status = os.waitpid(child, 0)
    for owner, tables in (
        (db.owner_data, "live.member, dormant.member, ops.outbox"),
        (db.owner_keys, "keys.member_key"),
    ):
        with owner.begin() as connection:  # until the server has noticed, too
            connection.execute(text(f"lock table {tables} in access exclusive mode"))
    return os.WIFSIGNALED(status)


def whole(db: PortalDb, members: list[UUID]) -> None:
    for who in members:
        assert len(stores_of(db, who)) == 1
        assert email(db, who) == "haneul@example.com"


def settled(db: PortalDb, members: list[UUID], store: Store) -> None:
    whole(db, members)
    for who in members:
        key = key_of(db, who)
        assert (stores_of(db, who), key.store, key.next_store) == ([store], store, None)


def sleep_again(db: PortalDb, members: list[UUID]) -> None:
    """Undo, so that the next instant finds them as the first did."""
    for who in members:
        wish(db, who)
    assert waking.wake_all(house_of(db), NOW) == len(members)
    with db.owner_data.begin() as data:
        data.execute(text("update live.member set last_counted_on = null"))
        data.execute(text("delete from ops.outbox"))
        data.execute(text("truncate jobs.procrastinate_jobs cascade"))


def test_separation_killed_anywhere(portal_db: PortalDb) -> None:
    members, deaths = [unused(portal_db) for _ in range(3)], 0
    for instant in INSTANTS:
        print("separation killed at", instant)  # noqa: T201 (to try it again)
        assert dormancy.run(house_of(portal_db), NOW).told == len(members)
        accept(portal_db)
        deaths += killed(portal_db, lambda house: dormancy.run(house, AT), instant)
        whole(portal_db, members)
        dormancy.run(house_of(portal_db), AT)
        settled(portal_db, members, Store.DORMANT)
        with portal_db.owner_data.connect() as data:
            told = select(ops.outbox.c.member_id).where(ops.outbox.c.template == NOTICE)
            assert sorted(data.scalars(told)) == sorted(members)
        sleep_again(portal_db, members)
    assert deaths >= 5


def test_waking_killed_anywhere(portal_db: PortalDb) -> None:
    deaths = 0
    for instant in INSTANTS:
        print("waking killed at", instant)  # noqa: T201 (to try it again)
        who = member(portal_db, Store.DORMANT)
        wish(portal_db, who)
        deaths += killed(portal_db, lambda house: waking.wake_all(house, NOW), instant)
        whole(portal_db, [who])
        waking.wake_all(house_of(portal_db), NOW)
        dormancy.run(house_of(portal_db), NOW)
        settled(portal_db, [who], Store.LIVE)
        with portal_db.owner_data.begin() as data:
            assert data.scalar(select(move.c.member_id)) is None
            mails = select(ops.outbox.c.member_id).where(ops.outbox.c.template == "woken")
            assert list(data.scalars(mails)) == [who]
            data.execute(update(ops.outbox).values(template="x"))
    assert deaths >= 5


@pytest.mark.promise("P05", "P34")
def test_leaving_killed_anywhere(portal_db: PortalDb) -> None:
    signs, deaths = signer(portal_db), 0
    for instant in INSTANTS:
        print("leaving killed at", instant)  # noqa: T201 (to try it again)
        store = (Store.LIVE, Store.DORMANT)[instant % 2]
        who = member(portal_db, store)
        given = wish_to_leave(portal_db, who)
        deaths += killed(
            portal_db, lambda house: withdrawing.withdraw_all(house, signs, NOW), instant
        )
        assert len(stores_of(portal_db, who)) == 1
        withdrawing.withdraw_all(house_of(portal_db), signs, NOW)
        key = key_of(portal_db, who)
        assert (stores_of(portal_db, who), key.store) == ([Store.RETAINED], "retained")
        assert key.next_store is None
        assert email(portal_db, who) == "haneul@example.com"
        assert status(portal_db, given).left_at == NOW
        with portal_db.owner_data.begin() as data:
            assert data.scalar(select(move.c.member_id)) is None
            mails = select(ops.outbox.c.member_id).where(ops.outbox.c.template == "left")
            assert list(data.scalars(mails)) == [who]
            data.execute(update(ops.outbox).values(template="x"))
    assert deaths >= 5


@pytest.mark.promise("P04", "P13")
def test_destruction_killed_anywhere(portal_db: PortalDb) -> None:
    deaths = 0
    for number in range(1, len(INSTANTS) + 1):
        instant = 4 * number
        print("destruction killed at", instant)  # noqa: T201 (to try it again)
        stays = holder(portal_db, YESTERDAY, AT.date())
        gone = leaver(portal_db, YESTERDAY, YESTERDAY)
        deaths += killed(portal_db, lambda house: destruction.run(house.databases, NOW), instant)
        assert stores_of(portal_db, stays) == [Store.LIVE]
        destruction.run(portal_db.work, NOW)
        assert stores_of(portal_db, gone) == []
        counts = [left(portal_db, one) for one in (LIVE.record, RETAINED.member, key_due)]
        assert counts == [number, 0, 0]
        with portal_db.owner_data.connect() as data, portal_db.owner_keys.connect() as keys:
            assert due.count(data, NOW) == ()
            counted = select(func.sum(lines.c.rows)).where(lines.c.kind == "visit")
            assert data.scalar(counted) == 2 * number
            open_ones = destruction_run.c.verified_at.is_(None)
            assert data.scalars(select(destruction_run.c.run_id).where(open_ones)).all() == []
            known = text("select member_id from keys.member_key")
            assert gone not in keys.scalars(known).all()
    assert deaths >= 8
