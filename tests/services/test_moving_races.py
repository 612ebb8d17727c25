"""Two do something to one member at the same instant: either order ends well, and says so."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, insert, select, text, update
from sqlalchemy.exc import OperationalError

from db.tables.keeping import destruction
from db.tables.member import LIVE
from db.tables.moves import move
from db.words import Ground, Purpose, Store
from services import (
    access,
    correction,
    disclosing,
    dormancy,
    held_values,
    leaving_record,
    moving,
    withdrawing,
)
from services.leaving import LeavingError
from services.ledger import EventName
from services.relations import as_subject
from tests import bad_days
from tests.companies import PARCEL, company
from tests.leaving import ask, signer, wish_to_leave, worker_house
from tests.people import NOW, acting, member, portal_house
from tests.services.test_disclosing import bought
from tests.services.test_dormancy import APP, TODAY, house_of, later, told
from tests.services.test_moving import stores_of
from tests.services.test_withdrawing import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType
    from uuid import UUID

    from services.subject import Subject
    from tests.database import PortalDb

LOOK = access.Look(EventName.VALUE_CORRECTED)
NUMBER = "010-9876-5432"


def wait_for(db: PortalDb) -> None:
    """Wait until somebody waits for a lock."""
    asked = text("select count(*) from pg_locks where not granted")
    while True:
        with db.owner_data.connect() as data:
            if data.scalar(asked):
                return


@contextmanager
def opened_by(db: PortalDb, who: UUID, purpose: Purpose = Purpose.SHOW) -> Iterator[Subject]:
    portal_house(db)
    with access.open(acting(who, verified_at=NOW), who, purpose, look=LOOK) as subject:
        yield subject


def meanwhile(work: Callable[[], Any]) -> Future[Any]:
    pool = ThreadPoolExecutor(1)
    done = pool.submit(work)
    pool.shutdown(wait=False)
    return done


@contextmanager
def held_up(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str
) -> Iterator[tuple[Event, Event]]:
    """Stop the worker where it calls this; give what says that it is there, and what lets it on."""
    there, go_on, real = Event(), Event(), getattr(module, name)

    def stop(*given: Any, **more: Any) -> Any:  # noqa: ANN401
        there.set()
        go_on.wait(60)
        return real(*given, **more)

    monkeypatch.setattr(module, name, stop)
    try:
        yield there, go_on
    finally:
        go_on.set()


def sign_in(db: PortalDb, who: UUID) -> Store:
    """Note a use as a sign-in does, in the portal's role."""
    with db.web.data.begin() as data:
        return used(data, who)


def used(data: Any, who: UUID) -> Store:  # noqa: ANN401
    as_subject(data, who)
    mine = LIVE.member.c.member_id == who
    here = data.execute(update(LIVE.member).where(mine).values(last_counted_on=TODAY))
    return Store.LIVE if here.rowcount else Store.DORMANT


@pytest.mark.promise("P11")
def test_who_is_signing_in_is_not_put_to_sleep(portal_db: PortalDb) -> None:
    who = told(portal_db)
    with portal_db.web.data.begin() as data:
        assert used(data, who) is Store.LIVE
        assert dormancy.run(house_of(portal_db), later(31)).separated == 0
    assert dormancy.run(house_of(portal_db), later(31)).separated == 0
    assert stores_of(portal_db, who) == [Store.LIVE]


@pytest.mark.promise("P09", "P11")
def test_who_signs_in_while_being_put_to_sleep_comes_in_asleep(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = told(portal_db)
    with held_up(monkeypatch, moving, "rows") as (there, go_on):
        run = meanwhile(lambda: dormancy.run(house_of(portal_db), later(31)))
        assert there.wait(60)
        coming = meanwhile(lambda: sign_in(portal_db, who))
        wait_for(portal_db)
        go_on.set()
        assert run.result(60) == dormancy.Done(0, 1)
        assert coming.result(60) is Store.DORMANT
    assert stores_of(portal_db, who) == [Store.DORMANT]


@pytest.mark.promise("P11")
@pytest.mark.parametrize("table", [LIVE.service_use, LIVE.restriction], ids=lambda t: t.name)
def test_what_is_written_between_choosing_and_locking_counts(
    portal_db: PortalDb,
    table: Any,  # noqa: ANN401
) -> None:
    """The query that locks has looked before it locked; so it is asked once more."""
    who, once = told(portal_db), [True]
    rows = {
        "service_use": {"service": APP, "last_used_on": TODAY},
        "restriction": {"restriction_id": who, "started_at": NOW},
    }

    def write(*given: Any) -> None:  # noqa: ANN401
        if "skip locked" in given[2] and "sleeps_on" in given[2] and once.pop():
            with portal_db.owner_data.begin() as data:
                data.execute(text("set session_replication_role = replica"))  # waits for no lock
                data.execute(insert(table).values(member_id=who, **rows[table.name]))
                data.execute(text("set session_replication_role = default"))

    event.listen(portal_db.work.data, "after_cursor_execute", write)
    try:
        assert dormancy.run(house_of(portal_db), later(31)).separated == 0
    finally:
        event.remove(portal_db.work.data, "after_cursor_execute", write)
    assert once == []
    assert stores_of(portal_db, who) == [Store.LIVE]


@pytest.mark.promise("P09")
def test_whose_value_is_being_changed_sleeps_with_the_next_run(portal_db: PortalDb) -> None:
    who = told(portal_db)
    value = LIVE.profile_value
    with portal_db.owner_data.begin() as data:
        data.execute(update(value).where(value.c.member_id == who).values(changed_at=NOW))
        run = meanwhile(lambda: dormancy.run(house_of(portal_db), later(31)))
        assert run.result(30).separated == 0
    assert stores_of(portal_db, who) == [Store.LIVE]
    assert dormancy.run(house_of(portal_db), later(31)).separated == 1
    assert stores_of(portal_db, who) == [Store.DORMANT]


def withdraw(db: PortalDb, who: UUID) -> bool:
    return withdrawing.withdraw(worker_house(db), signer(db), who, NOW)


@pytest.mark.promise("P05")
def test_a_correction_under_way_is_waited_for_and_its_value_is_kept(portal_db: PortalDb) -> None:
    who = member(portal_db)
    wish_to_leave(portal_db, who)
    with opened_by(portal_db, who) as subject:
        correction.correct(subject, "mobile", 0, NUMBER)
        leaving = meanwhile(lambda: withdraw(portal_db, who))
        wait_for(portal_db)
    assert leaving.result(60)
    assert opened(portal_db, who)["mobile"] == NUMBER


@pytest.mark.promise("P05")
def test_who_leaves_gives_way_to_a_correction_that_needs_their_lock(portal_db: PortalDb) -> None:
    """Each would wait for the other: the database would end one of them, perhaps the member's."""
    who = member(portal_db)
    wish_to_leave(portal_db, who)
    with opened_by(portal_db, who) as subject:
        row = held_values._row(subject, "mobile", 0, NUMBER)
        mine = {name: row[name] for name in ("sealed", "changed_at")}
        value = LIVE.profile_value
        is_it = (value.c.member_id == who, value.c.item == "mobile")
        subject.connection.execute(update(value).where(*is_it).values(mine))
        with pytest.raises(OperationalError, match="lock timeout"):
            meanwhile(lambda: withdraw(portal_db, who)).result(30)
        portal_house(portal_db)
        held_values.add(subject, "children", "딸 둘")
    assert stores_of(portal_db, who) == [Store.LIVE]
    assert withdraw(portal_db, who)
    assert opened(portal_db, who)["mobile"] == NUMBER


@pytest.mark.promise("P05", "P16")
@pytest.mark.parametrize("what", ["correction", "disclosure"])
def test_what_comes_after_leaving_has_begun_is_refused_in_words(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    sale = bought()
    who, shop = member(portal_db, records=(sale,)), company(portal_db)
    wish_to_leave(portal_db, who)

    def write(subject: Subject) -> None:
        if what == "correction":
            correction.correct(subject, "mobile", 0, NUMBER)
        else:
            disclosing.disclose(
                subject, shop, PARCEL, Purpose.DELIVERY, Ground.PURCHASE, ground_id=sale.record_id
            )

    def late() -> None:
        with opened_by(portal_db, who, Purpose.DELIVERY) as subject:
            assert subject.sealer  # opened while they were still here
            write(subject)

    with held_up(monkeypatch, leaving_record, "certify") as (there, go_on):
        leaving = meanwhile(lambda: withdraw(portal_db, who))
        assert there.wait(60)
        coming = meanwhile(late)
        wait_for(portal_db)
        go_on.set()
        assert leaving.result(60)
        with pytest.raises(access.Moved):
            coming.result(60)
    assert stores_of(portal_db, who) == [Store.RETAINED]
    assert opened(portal_db, who)["mobile"] != NUMBER
    with portal_db.owner_data.connect() as data:
        assert data.execute(select(LIVE.disclosure)).all() == []


@pytest.mark.promise("P16")
def test_a_disclosure_under_way_is_waited_for(portal_db: PortalDb) -> None:
    sale = bought()
    who, shop = member(portal_db, records=(sale,)), company(portal_db)
    wish_to_leave(portal_db, who)
    with opened_by(portal_db, who, Purpose.DELIVERY) as subject:
        disclosing.disclose(
            subject, shop, PARCEL, Purpose.DELIVERY, Ground.PURCHASE, ground_id=sale.record_id
        )
        leaving = meanwhile(lambda: withdraw(portal_db, who))
        wait_for(portal_db)
    assert leaving.result(60)
    with portal_db.owner_data.connect() as data:
        asked = data.scalars(text("select company_id from ops.dispatch where change = 'left'"))
        assert shop in asked.all()


def at_once(*works: Callable[[], object]) -> list[object]:
    """Do these at one instant; return what each returned or raised."""
    start = Barrier(len(works))

    def one(work: Callable[[], object]) -> object:
        start.wait(60)
        try:
            return work()
        except Exception as error:  # noqa: BLE001 (looked at by the test)
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))


def test_two_tabs_that_leave_at_once_leave_once(portal_db: PortalDb) -> None:
    who = member(portal_db)
    first, second = at_once(*[lambda: ask(portal_db, who)] * 2)
    assert sorted([type(first).__name__, type(second).__name__]) == ["Certificate", "LeavingError"]
    assert isinstance(first, LeavingError) or isinstance(second, LeavingError)
    house, signs = worker_house(portal_db), signer(portal_db)
    done = at_once(*[lambda: withdrawing.withdraw(house, signs, who, NOW)] * 2)
    assert sorted(map(str, done)) == ["False", "True"]
    assert stores_of(portal_db, who) == [Store.RETAINED]
    with portal_db.owner_data.connect() as data:
        assert data.scalars(select(move.c.member_id)).all() == []
        assert data.scalars(text("select count(*) from ops.withdrawal")).all() == [1]


@pytest.mark.promise("P04", "P09", "P10")
def test_several_workers_on_one_day_end_as_one_does(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad_days.house(portal_db)
    bad_days.at(monkeypatch, NOW)
    crowd = [bad_days.people(portal_db, NOW) for _ in range(4)]
    said = at_once(*[lambda: bad_days.day(portal_db)] * 3)
    assert not [one for one in said if one]
    bad_days.day(portal_db)  # what one had in hand when the other asked is asked again each hour
    for them in crowd:
        bad_days.over(portal_db, them)
    with portal_db.owner_data.connect() as data:
        lines = {(r.kind, r.store): r.rows for r in data.execute(select(destruction))}
    assert (lines["visit", "live"], lines["members", "retained"]) == (8, 4)
