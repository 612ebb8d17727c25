"""The clock goes back, or another policy comes into force: nobody sleeps before the day named."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert

from db import clock
from db.period import Period
from db.policy import policies
from db.settings import settings
from db.tables.ledger import event
from db.words import Store
from services import daily, delivery, destruction, dormancy
from services.ledger import EventName
from services.outbox import sealer_of
from tests import bad_days
from tests.leaving import signer
from tests.people import NOW, told_of_use
from tests.services.test_destruction import holder
from tests.services.test_dormancy import IDLE, accept, house_of, later, notices, told, unused
from tests.services.test_moving import stores_of
from tests.signing_in import HOME, Letters

if TYPE_CHECKING:
    from datetime import datetime

    from db.policy import Policy
    from tests.database import PortalDb

OLD = policies()[0]
NEW_FROM = clock.seoul_day(NOW) + timedelta(10)


def version(in_force_from: date, **rule: Any) -> Policy:  # noqa: ANN401
    changes = {"version": str(in_force_from), "in_force_from": in_force_from,
               "dormancy": OLD.dormancy.model_copy(update=rule)}  # fmt: skip
    return OLD.model_copy(update=changes)


@pytest.fixture
def in_force(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    """Let these versions be in force, each from its day."""

    def let(*versions: Policy) -> None:
        def on(day: date) -> Policy:
            return [one for one in versions if one.in_force_from <= day][-1]

        monkeypatch.setattr(dormancy, "in_force", on)
        monkeypatch.setattr(dormancy, "policies", lambda: versions)

    return let


def separated(db: PortalDb, *days: int) -> list[int]:
    """Return on which of these days somebody was put to sleep."""
    return [day for day in days if dormancy.run(house_of(db), later(day)).separated]


@pytest.mark.promise("P10")
def test_a_longer_notice_that_came_into_force_since_is_kept(
    portal_db: PortalDb,
    in_force: Any,  # noqa: ANN401
) -> None:
    in_force(OLD, version(NEW_FROM, notice_days=60))
    told(portal_db)
    assert separated(portal_db, 31, 40, 60, 61) == [61]


@pytest.mark.promise("P10")
@pytest.mark.parametrize(
    "rule", [{"notice_days": 30}, {"period": Period(months=6)}], ids=["notice", "period"]
)
def test_a_shorter_rule_that_came_into_force_since_lets_nobody_sleep_before_the_day_named(
    portal_db: PortalDb,
    in_force: Any,  # noqa: ANN401
    rule: dict[str, Any],
) -> None:
    in_force(version(OLD.in_force_from, notice_days=60), version(NEW_FROM, **rule))
    told(portal_db)
    (notice,) = notices(portal_db)
    assert notice.sleeps_on == clock.seoul_day(NOW) + timedelta(61)
    assert separated(portal_db, 31, 45, 60, 61) == [61]


@pytest.mark.promise("P08", "P10")
def test_a_longer_period_that_came_into_force_since_is_told_anew(
    portal_db: PortalDb,
    in_force: Any,  # noqa: ANN401
) -> None:
    in_force(OLD, version(NEW_FROM, period=Period(years=2)))
    who = told(portal_db)
    two_years = (IDLE.replace(year=IDLE.year + 2) - clock.seoul_day(NOW)).days
    assert separated(portal_db, 31, 60, two_years - 31) == []
    assert len(notices(portal_db)) == 1
    assert dormancy.run(house_of(portal_db), later(two_years - 30)).told == 1
    accept(portal_db, later(two_years - 30))
    assert separated(portal_db, two_years, two_years + 1) == [two_years + 1]
    assert stores_of(portal_db, who) == [Store.DORMANT]


@pytest.mark.promise("P10")
def test_switched_off_between_notice_and_separation_nobody_sleeps(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(portal_db)
    off = settings().model_copy(update={"dormancy": False})
    with monkeypatch.context() as patch:
        patch.setattr(dormancy, "settings", lambda: off)
        assert separated(portal_db, 31, 40) == []
    assert separated(portal_db, 41) == [41]


def do_day(db: PortalDb, now: datetime) -> dormancy.Done:
    """Do what a day brings, its seals among it."""
    signer(db)
    daily.run(db.work.data, db.var, now, now)
    done = dormancy.run(house_of(db), now)
    destruction.run(db.work, now)
    return done


@pytest.mark.promise("P10")
def test_a_clock_that_went_back_counts_no_days(
    portal_db: PortalDb, caplog: pytest.LogCaptureFixture
) -> None:
    """What is told while the clock is wrong would be a month old as soon as it is put right."""
    unused(portal_db)
    with portal_db.work.data.begin() as data:
        first = {"at": later(-41), "name": EventName.SIGNED_IN, "allowed": True}
        data.execute(insert(event).values(first | {"actor_kind": "system"}))
    told_of_use(portal_db)
    do_day(portal_db, later(-40))
    do_day(portal_db, later(-38))
    assert do_day(portal_db, later(-70)) == dormancy.Done()
    assert "gone back" in caplog.text
    assert do_day(portal_db, NOW) == dormancy.Done(1, 0)
    accept(portal_db)
    do_day(portal_db, later(30))
    assert do_day(portal_db, later(2)) == dormancy.Done()
    assert do_day(portal_db, later(31)) == dormancy.Done(0, 1)
    bad_days.sealed(portal_db, later(31))


@pytest.mark.promise("P04")
def test_a_clock_that_went_back_destroys_nothing_early_and_all_in_the_end(
    portal_db: PortalDb,
) -> None:
    today = clock.seoul_day(NOW)
    holder(portal_db, today - timedelta(1), today + timedelta(1))
    told_of_use(portal_db)
    do_day(portal_db, NOW)
    do_day(portal_db, later(-5))
    with portal_db.work.data.connect() as data:
        assert destruction.plan(data, NOW) == ()
        assert len(destruction.plan(data, later(2))) == 1
    do_day(portal_db, later(2))
    with portal_db.work.data.connect() as data:
        assert destruction.plan(data, later(2)) == ()
    bad_days.sealed(portal_db, later(2))


def test_a_whole_day_done_again_by_an_earlier_clock_changes_nothing(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad_days.house(portal_db)
    them = bad_days.people(portal_db, NOW)
    for now in (NOW, later(-3), NOW):
        bad_days.at(monkeypatch, now)
        bad_days.day(portal_db)
    bad_days.over(portal_db, them)


@pytest.mark.promise("P10")
def test_a_notice_is_never_older_than_it_is(portal_db: PortalDb) -> None:
    who = unused(portal_db)
    assert dormancy.run(house_of(portal_db), NOW).told == 1
    (notice,), letters = notices(portal_db), Letters()
    with portal_db.work.keys.connect() as keys, portal_db.work.data.begin() as data:
        opened = sealer_of(keys, portal_db.keyring, who)
        key = (who, notice.message_id)
        assert delivery.deliver(
            data, opened, key, delivery.Senders(letters, letters, HOME), later(-31)
        )
    (notice,) = notices(portal_db)
    assert notice.sent_at == NOW
