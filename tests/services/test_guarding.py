"""No sequence of links, ends, suspensions, disputes, birth dates and days lets anyone act outside
their window: the gate, every other door and a simple model agree (P29, P41)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import ProgrammingError

from db.clock import SEOUL
from db.tables.exports import export
from db.tables.member import LIVE
from db.words import ActorKind, DisputeWhy, Purpose
from services import (
    access,
    birthdays,
    coming_of_age,
    export_ending,
    guarding,
    leaving_facts,
    profile_queries,
)
from services.actor import AccessDenied, Permission, Relation
from services.ledger import EventName
from services.own_sessions import asked as own_asked
from services.relations import as_subject
from tests.people import NOW, acting, child_of, member, portal_house

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tests.database import PortalDb

    People = tuple[PortalDb, UUID, list[UUID], UUID]

pytestmark = pytest.mark.promise("P29")

LOOK = access.Look(EventName.PROFILE_VIEWED, Permission.PROFILE_READ, "/my-data", folds=False)
FIRST = date(2026, 3, 1)
BORN = date(2012, 3, 10)
GUARDIANS = 2


@dataclass
class Link:
    """A link on paper."""

    began: date
    ended: date | None = None


@dataclass
class Papers:
    """What a careful person would keep of one child."""

    today: date = FIRST
    born: date = BORN
    links: dict[int, list[Link]] = field(default_factory=dict)
    stopped: dict[int, tuple[date, date | None]] = field(default_factory=dict)
    disputed: set[int] = field(default_factory=set)
    young: set[int] = field(default_factory=set)

    def acts(self, guardian: int) -> bool:
        """Return whether this guardian may act today."""
        fourteenth = date(self.born.year + 14, self.born.month, self.born.day)
        linked = any(
            one.began <= self.today and (one.ended is None or self.today < one.ended)
            for one in self.links.get(guardian, [])
        )
        begins, last = self.stopped.get(guardian, (date.max, None))
        stopped = begins <= self.today and (last is None or self.today <= last)
        return linked and not stopped and guardian not in self.young and self.today < fourteenth


LINK = LIVE.guardianship
WHO = st.integers(0, GUARDIANS - 1)
STEP = st.one_of(
    st.tuples(st.just("link"), WHO),
    st.tuples(st.just("end"), WHO),
    st.tuples(st.just("suspend"), WHO, st.sampled_from([None, 0, 1, 3])),
    st.tuples(st.just("dispute"), WHO),
    st.tuples(st.just("decide"), WHO),
    st.tuples(st.just("born"), st.sampled_from([-9, -8, -1, 0, 1, 5])),
    st.tuples(st.just("age"), WHO, st.booleans()),
    st.tuples(st.just("days"), st.sampled_from([1, 1, 2, 8, 9])),
    st.tuples(st.just("daily")),
)  # fmt: skip


@pytest.fixture
def people(portal_db: PortalDb) -> People:
    """Return the databases, a child, its guardians and a stranger, as the portal opens them."""
    portal_house(portal_db)
    guardians = [member(portal_db) for _ in range(GUARDIANS)]
    child = child_of(portal_db, guardians[0], BORN.isoformat())
    return portal_db, child, guardians, member(portal_db)


def afresh(data: Connection, child: UUID) -> None:
    for table in (LIVE.guardianship, LIVE.dispute):
        data.execute(delete(table).where(table.c.member_id == child))
    data.execute(delete(export).where(export.c.member_id == child))
    coming_of_age.follow(data, LIVE, child, BORN.isoformat(), FIRST)


@dataclass
class World:
    """One child's rows, changed as the services write them, and the papers about them."""

    data: Connection
    papers: Papers
    child: UUID
    who: list[UUID]

    def pair(self, one: int) -> tuple[Any, ...]:
        return (LINK.c.member_id == self.child, LINK.c.guardian_id == self.who[one])

    def days(self, count: int) -> None:
        self.papers.today += timedelta(days=count)

    def daily(self) -> None:
        birthdays.clear(self.data, self.papers.today)

    def born(self, later: int) -> None:
        self.papers.born = BORN + timedelta(days=later)
        day = self.papers.born.isoformat()
        coming_of_age.follow(self.data, LIVE, self.child, day, self.papers.today)

    def age(self, one: int, young: bool) -> None:  # noqa: FBT001 (drawn)
        (self.papers.young.add if young else self.papers.young.discard)(one)

    def link(self, one: int) -> None:
        known, today = self.papers.links.setdefault(one, []), self.papers.today
        if all(each.began != today for each in known):
            known.append(Link(today))
            self.data.execute(insert(LINK).values(
                member_id=self.child, guardian_id=self.who[one], started_on=today, proof=True,
            ))  # fmt: skip

    def end(self, one: int) -> None:
        today = self.papers.today
        for each in self.papers.links.get(one, []):
            each.ended = each.ended or today
        ended = update(LINK).where(*self.pair(one), LINK.c.ended_on.is_(None))
        self.data.execute(ended.values(ended_on=today))

    def suspend(self, one: int, days: int | None) -> None:
        today = self.papers.today
        last = None if days is None else today + timedelta(days=days)
        if self.papers.links.get(one):
            # The newest decision stands in the place of earlier ones.
            self.papers.stopped[one] = (today, last)
        stopped = {"suspended_on": today, "suspended_until": last, "suspended_why": "desk"}
        self.data.execute(update(LINK).where(*self.pair(one)).values(stopped))

    def dispute(self, one: int) -> None:
        if one not in self.papers.disputed:
            self.papers.disputed.add(one)
            self.data.execute(insert(LIVE.dispute).values(
                member_id=self.child, dispute_id=uuid4(), why=DisputeWhy.OTHER,
                opened_by=self.who[one], opened_at=NOW,
            ))  # fmt: skip

    def decide(self, one: int) -> None:
        self.papers.disputed.discard(one)
        mine = update(LIVE.dispute).where(LIVE.dispute.c.opened_by == self.who[one])
        self.data.execute(mine.values(decided_at=NOW, outcome="kept"))

    def grow(self) -> None:
        """Let every guardian who is too young stay so today."""
        for number, one in enumerate(self.who):
            young = self.papers.today + timedelta(days=1) if number in self.papers.young else None
            mine = update(LIVE.member).where(LIVE.member.c.member_id == one)
            self.data.execute(mine.values(turns_19_on=young))


def at(day: date, *, last: bool) -> datetime:
    """Return the first or the last second of a Seoul day."""
    return datetime.combine(day, time(23, 59, 59) if last else time(), SEOUL)


def opened(person: UUID, child: UUID, now: datetime) -> tuple[Relation, bool] | None:
    """Return what the gate gives: the relation, and whether the place is hidden."""
    actor = replace(acting(person), at=now, acting_for=child)
    try:
        with access.open(actor, child, Purpose.SHOW, look=LOOK) as subject:
            return subject.relation, subject.hides_place
    except AccessDenied:
        return None


def doors(db: PortalDb, child: UUID, person: UUID, today: date) -> dict[str, bool]:
    """Return what each other door says: the overview, leaving, and copies."""
    found = {}
    with db.web.data.begin() as data:
        as_subject(data, person)
        rows = profile_queries.overview(LIVE.store).ask(
            data, member=person, today=today, **own_asked(person, NOW)
        )
        found["overview"] = child in {row["member_id"] for row in rows["children"]}
        wards = data.execute(leaving_facts.WARDS, {"member": person, "today": today})
        found["leaving"] = child in {row.child for row in wards}
    with db.work.data.begin() as data:
        key = uuid4()
        data.execute(delete(export).where(export.c.member_id == child))
        data.execute(insert(export).values(
            member_id=child, export_id=key, asked_at=NOW, actor_kind=ActorKind.GUARDIAN,
            actor_id=person, session_id=uuid4(), language="ko", groups=["profile"],
            workbook=False, state="asked"))  # fmt: skip
        found["copy"] = not export_ending.over(data, at(today, last=False), only=key)
        data.execute(delete(export).where(export.c.member_id == child))
    return found


@settings(
    max_examples=45,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(steps=[("suspend", 0, 0)])
@example(steps=[("suspend", 0, 1), ("days", 1)])
@example(steps=[("suspend", 0, 0), ("days", 1)])
@given(steps=st.lists(STEP, min_size=1, max_size=9))
def test_nobody_acts_outside_their_window(people: People, steps: list[tuple[Any, ...]]) -> None:
    db, child, guardians, stranger = people
    papers = Papers(links={0: [Link(FIRST)]})
    with db.work.data.begin() as data:
        afresh(data, child)
        data.execute(insert(LIVE.guardianship).values(
            member_id=child, guardian_id=guardians[0], started_on=FIRST, proof=True))  # fmt: skip
        world = World(data, papers, child, guardians)
        for kind, *given_ in steps:
            getattr(world, kind)(*given_)
        world.grow()
    for number, person in enumerate(guardians):
        may = papers.acts(number)
        expected = (Relation.GUARDIAN, bool(papers.disputed)) if may else None
        for last in (False, True):
            assert opened(person, child, at(papers.today, last=last)) == expected, papers
        found = doors(db, child, person, papers.today)
        copy = may and not papers.disputed
        assert found == {"overview": may, "leaving": may, "copy": copy}, papers
    assert opened(stranger, child, at(papers.today, last=False)) is None
    assert opened(child, child, at(papers.today, last=False)) == (Relation.SELF, False)


def test_the_portal_asks_of_its_own_subject_alone(people: People) -> None:
    db, child, guardians, stranger = people
    asked = select(guarding.guards(child, guardians[0], NOW.date()))
    with db.work.data.begin() as data:
        coming_of_age.follow(data, LIVE, child, "2020-01-01", NOW.date())
        assert data.scalar(asked) is True
    for subject, answer in ((child, True), (guardians[0], True), (stranger, False)):
        with db.web.data.begin() as data:
            as_subject(data, subject)
            assert data.scalar(asked) is answer
    with pytest.raises(ProgrammingError), db.web.data.begin() as data:
        data.scalar(select(func.ops.may_guard(child, guardians[0], NOW.date())))
