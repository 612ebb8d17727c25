"""Unusual access is found day by day, and the access is reviewed each month (P28)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from db.law import law
from db.tables import ledger
from db.tables.cases import lookup
from db.tables.watching import access_review, watch_finding, watched
from db.words import ActorKind, StaffRole, WatchClosed, WatchRule
from services import access_review as review
from services import overdue, watching
from services.access_review import ReviewRefused
from services.actor import AccessDenied, StepUpRequired
from services.watching import FindingGone
from tests.people import NOW, acting, agent, member, open_case, portal_house

if TYPE_CHECKING:
    from uuid import UUID

    from services.actor import Actor
    from tests.database import PortalDb

YESTERDAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
"""Three in the morning of the same day in Seoul."""
MOST = {rule.id: rule.most for rule in law().unusual.rules}


def boss(db: PortalDb, **changes: Any) -> Actor:  # noqa: ANN401
    portal_house(db)
    who = agent(db, StaffRole.OFFICER)
    given = {"kind": ActorKind.STAFF, "role": StaffRole.OFFICER, "verified_at": NOW}
    return acting(who, **(given | changes))


def acts(db: PortalDb, who: UUID, number: int, at: datetime = NOON, **more: Any) -> None:  # noqa: ANN401
    """Let the ledger tell of `number` steps of staff, each about somebody else."""
    row = {"at": at, "name": "profile_viewed", "allowed": True, "actor_kind": "staff",
           "actor_id": who}  # fmt: skip
    with db.work.data.begin() as connection:
        for _ in range(number):
            connection.execute(insert(ledger.event).values({**row, "member_id": uuid4(), **more}))


def run(db: PortalDb, now: datetime = NOW) -> dict[str, int]:
    with db.work.data.begin() as connection:
        watching.run(connection, now)
        rows = connection.execute(select(watch_finding.c.rule, watch_finding.c.number)).all()
    return dict(map(tuple, rows))


@pytest.mark.promise("P28")
@pytest.mark.parametrize("more", [0, 1], ids=["at the limit", "beyond it"])
def test_each_rule_finds_what_is_beyond_its_limit(portal_db: PortalDb, more: int) -> None:
    who = agent(portal_db)
    acts(portal_db, who, MOST[WatchRule.MANY_MEMBERS] + more)
    acts(portal_db, who, MOST[WatchRule.OUT_OF_HOURS] + more, NIGHT, allowed=False)
    acts(portal_db, who, MOST[WatchRule.REFUSED], allowed=False)
    made = MOST[WatchRule.GUESSING] + more
    with portal_db.owner_data.begin() as connection:
        connection.execute(insert(lookup).values(staff_id=who, day=YESTERDAY, made=made))
    assert run(portal_db) == ({rule.value: MOST[rule] + 1 for rule in WatchRule} if more else {})


def test_a_day_is_looked_at_once_and_those_of_a_worker_that_was_off_are_made_up(
    portal_db: PortalDb,
) -> None:
    who = agent(portal_db)
    acts(portal_db, who, 1, NIGHT - timedelta(days=2))
    acts(portal_db, who, 1, NIGHT)
    # Today is not over; what happens in it is tomorrow's.
    acts(portal_db, who, 1, NIGHT + timedelta(days=1))
    for _ in range(2):
        run(portal_db)
    with portal_db.work.data.connect() as connection:
        days = connection.scalars(select(watch_finding.c.day).order_by(watch_finding.c.day)).all()
        assert days == [YESTERDAY - timedelta(days=2), YESTERDAY]
        assert connection.scalar(select(func.max(watched.c.day))) == YESTERDAY
        assert connection.scalar(select(func.count()).select_from(watched)) == 31
    run(portal_db, NOW + timedelta(days=1))
    with portal_db.work.data.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(watch_finding)) == 3


def test_what_members_do_is_nobodys_business(portal_db: PortalDb) -> None:
    acts(portal_db, uuid4(), 200, NIGHT, actor_kind="self")
    assert run(portal_db) == {}


@pytest.mark.promise("P28")
def test_an_officer_closes_what_is_not_about_them(portal_db: PortalDb) -> None:
    first, second = boss(portal_db), boss(portal_db)
    acts(portal_db, first.person, 1, NIGHT)
    run(portal_db)
    with portal_db.web.data.begin() as connection:
        [mine] = watching.page(connection, first)
        assert mine.own
        with pytest.raises(FindingGone):
            watching.close(connection, first, mine.finding_id, WatchClosed.EXPLAINED)
        watching.close(connection, second, mine.finding_id, WatchClosed.EXPLAINED)
        assert watching.count(connection) == 0
        with pytest.raises(FindingGone):
            watching.close(connection, second, mine.finding_id, WatchClosed.EXPLAINED)
    with portal_db.owner_data.begin() as connection, pytest.raises(DBAPIError):
        connection.execute(
            text("update ops.watch_finding set closed_by = staff_id where closed_by is not null")
        )


@pytest.mark.promise("P28")
def test_the_review_shows_numbers_is_noted_and_is_due_a_month_later(portal_db: PortalDb) -> None:
    officer, who = boss(portal_db), agent(portal_db)
    acts(portal_db, who, 3)
    acts(portal_db, who, 1, NIGHT, allowed=False)
    today = NOW.date()
    with portal_db.web.data.begin() as connection:
        assert review.due(connection, today)
        [done] = review.activity(connection, officer)
        assert (done.looks, done.members, done.refused, done.late) == (3, 3, 1, 1)
        with pytest.raises(ReviewRefused):
            review.confirm(connection, officer, "  ")
        review.confirm(connection, officer, "이상 없음")
        found = review.last(connection)
        assert found is not None
        assert (found.note, found.due_on) == ("이상 없음", date(2026, 12, 22))
        assert not review.due(connection, date(2026, 12, 22))
        assert review.due(connection, date(2026, 12, 23))
    for verb in ("update ops.access_review set note = 'x'", "delete from ops.access_review"):
        for engine in (portal_db.web.data, portal_db.work.data):
            with engine.begin() as connection, pytest.raises(DBAPIError):
                connection.execute(text(verb))
    with portal_db.work.data.connect() as connection:
        assert len(connection.execute(select(access_review)).all()) == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"role": StaffRole.AGENT}, AccessDenied), ({"lacks": None}, AccessDenied),
     ({"verified_at": None}, StepUpRequired)],
    ids=["agent", "lost", "unverified"],
)  # fmt: skip
def test_only_an_officer_reviews(
    portal_db: PortalDb, changes: dict[str, Any], error: type[Exception]
) -> None:
    who = replace(boss(portal_db), **changes)
    with portal_db.web.data.begin() as connection, pytest.raises(error):
        review.confirm(connection, who, "이상 없음")
    if error is AccessDenied:
        with portal_db.web.data.begin() as connection:
            for asked in (watching.page, review.activity, overdue.count):
                with pytest.raises(AccessDenied):
                    asked(connection, who)


@pytest.mark.promise("P28")
def test_staff_who_lack_something_are_counted_as_overdue(portal_db: PortalDb) -> None:
    officer = boss(portal_db)
    agent(portal_db, trained_until=None)
    agent(portal_db, trained_until=None, ended_at=NOW)
    member(portal_db)
    with portal_db.web.data.begin() as connection:
        found = overdue.count(connection, officer)
    assert (found.staff, found.total) == (1, 1)


@pytest.mark.promise("P28", "P31")
def test_a_callers_case_is_overdue_from_the_day_after_its_last_until_it_is_closed(
    portal_db: PortalDb,
) -> None:
    officer, today = boss(portal_db), NOW.date()
    changes: dict[str, dict[str, Any]] = {
        "late": {"due_on": YESTERDAY}, "due today": {"due_on": today},
        "closed": {"due_on": YESTERDAY, "closed_at": NOW},
    }  # fmt: skip
    for no, change in changes.items():
        open_case(
            portal_db, officer.person, member(portal_db), kind="call", case_no=no, channel="phone",
            caller="self", asked=["see"], received_on=today, permissions=[], **change,
        )  # fmt: skip
    with portal_db.web.data.begin() as connection:
        found = overdue.count(connection, officer)
    assert (found.cases, found.total) == (1, 1)
