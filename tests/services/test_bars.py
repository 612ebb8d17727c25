"""Bars: placed by an officer, told to the member, objected to, answered by another (P40)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from db import places
from db.tables.bars import bar
from db.tables.keeping import journal
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import staff
from db.words import ActorKind, BarKept, BarWhy, Purpose, StaffRole, Store
from services import access, barring, bars, certificate, outbox
from services.actor import AccessDenied, Actor, StepUpRequired
from services.bars import BarRefused
from services.house import House
from services.ledger import EventName
from services.relations import as_subject
from tests.leaving import leave
from tests.people import NOW, PLAIN, acting, agent, member, portal_house
from tests.services.test_joining import LAST, OWN, TODAY, may

if TYPE_CHECKING:
    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P40")

LOOK = access.Look(EventName.REQUESTS_VIEWED)


@pytest.fixture
def db(portal_db: PortalDb) -> PortalDb:
    portal_house(portal_db)
    return portal_db


def officer(db: PortalDb, **changes: Any) -> Actor:  # noqa: ANN401
    given: dict[str, Any] = {"kind": ActorKind.STAFF, "role": StaffRole.OFFICER, "verified_at": NOW}
    return acting(agent(db, StaffRole.OFFICER), **given | changes)


def place(db: PortalDb, who: Actor, member_id: UUID, **changes: Any) -> UUID:  # noqa: ANN401
    given: dict[str, Any] = {"why": BarWhy.HARASSMENT, "ends_on": LAST} | changes
    with db.web.data.begin() as data:
        return bars.place(data, who, member_id, **given)


def work(db: PortalDb) -> None:
    """Do what the worker is asked to do with bars."""
    query = text("select args from jobs.procrastinate_jobs where task_name = 'bar' order by id")
    with db.owner_data.begin() as data:
        waiting = data.scalars(query).all()
        data.execute(text("truncate jobs.procrastinate_jobs cascade"))
    for arguments in waiting:
        barring.settle(House(db.work, db.keyring), UUID(arguments["bar_id"]), NOW)


def own(member_id: UUID) -> bars.Bar | None:
    with access.open(acting(member_id), member_id, Purpose.SHOW, look=LOOK) as subject:
        return bars.mine(subject)


def object_to(member_id: UUID, bar_id: UUID) -> None:
    with access.open(acting(member_id), member_id, Purpose.SHOW, look=LOOK) as subject:
        bars.object_to(subject, bar_id)


def decide(db: PortalDb, who: Actor, bar_id: UUID, kept: BarKept | None = None) -> None:
    with db.web.data.begin() as data:
        if kept is None:
            bars.lift(data, who, bar_id)
        else:
            bars.keep(data, who, bar_id, kept)


def told(db: PortalDb, member_id: UUID) -> dict[str, dict[str, str]]:
    """What stands in the member's inbox, opened."""
    with db.work.keys.connect() as keys:
        _store, sealer = outbox.sealer_of(keys, db.keyring, member_id)
    with db.work.data.connect() as data:
        found = data.execute(select(LIVE.inbox).where(LIVE.inbox.c.member_id == member_id)).all()
    return {
        r.template: json.loads(sealer.open(r.sealed, places.inbox(r.message_id))) for r in found
    }


def rows(db: PortalDb, what: Any) -> list[Any]:  # noqa: ANN401
    with db.owner_data.connect() as data:
        return list(data.execute(select(what)).all())


def names(db: PortalDb) -> list[str]:
    return [r.name for r in rows(db, event) if r.name.startswith("bar_")]


def test_a_bar_from_its_placing_to_its_lifting(db: PortalDb) -> None:
    who, first = member(db), officer(db)
    with db.web.data.begin() as data:
        assert bars.the_one(bars.seek(data, first, PLAIN["email"])) == who
    bar_id = place(db, first, who)
    work(db)
    assert not may(db, OWN)
    seen = own(who)
    assert seen is not None
    assert (seen.why, seen.ends_on, seen.open) == (BarWhy.HARASSMENT, LAST, False)
    assert set(seen.known_by or ()) == {"email", "mobile", "login_id", "name_birth"}
    (message,) = told(db, who).items()
    assert message == ("bar_placed", {
        "number": f"{bar_id.hex[:4]}-{bar_id.hex[4:8]}".upper(), "why": "harassment",
        "until": str(LAST),
    })  # fmt: skip
    object_to(who, bar_id)
    seen = own(who)
    assert seen is not None
    assert (seen.open, seen.answer_by) == (True, TODAY + timedelta(days=10))
    decide(db, officer(db), bar_id, BarKept.HAPPENED_AGAIN)
    work(db)
    seen = own(who)
    assert seen is not None
    assert (seen.open, seen.kept_why) == (False, BarKept.HAPPENED_AGAIN)
    assert told(db, who)["bar_kept"]["why"] == "happened_again"
    assert not may(db, OWN)
    decide(db, first, bar_id)
    assert own(who) is None
    assert may(db, OWN)
    work(db)
    assert told(db, who).keys() == {"bar_placed", "bar_kept", "bar_lifted"}
    assert names(db) == ["bar_sought", "bar_placed", "bar_objected", "bar_kept", "bar_lifted"]
    sought, placed, *_ = (r for r in rows(db, event) if r.name.startswith("bar_"))
    assert sought.member_id is None
    assert (placed.member_id, placed.actor_id, placed.reason) == (who, first.person, "harassment")
    noted = [(r.kind, r.member_id, r.detail["bar_id"]) for r in rows(db, journal)]
    assert sorted(noted) == [
        (kind, who, str(bar_id)) for kind in ("bar_kept", "bar_lifted", "bar_objected", "barred")
    ]


def test_an_objection_is_answered_by_lifting_too(db: PortalDb) -> None:
    who, first = member(db), officer(db)
    bar_id = place(db, first, who)
    object_to(who, bar_id)
    decide(db, first, bar_id)
    (row,) = rows(db, bar)
    assert (row.lifted_by, row.answered_by, row.kept_why) == (first.person, first.person, None)


def test_who_placed_it_keeps_it_up_only_where_there_is_nobody_else(db: PortalDb) -> None:
    who, first, second = member(db), officer(db), officer(db)
    bar_id = place(db, first, who)
    with pytest.raises(BarRefused):
        decide(db, second, bar_id, BarKept.OTHERS_AT_RISK)  # nobody objected
    object_to(who, bar_id)
    with pytest.raises(BarRefused):
        decide(db, first, bar_id, BarKept.OTHERS_AT_RISK)
    with db.web.data.connect() as data:
        assert [one.may_keep for one in bars.listed(data, first)] == [False]
        assert [one.may_keep for one in bars.listed(data, second)] == [True]
    with db.work.data.begin() as data:
        data.execute(update(staff).where(staff.c.staff_id == second.person).values(ended_at=NOW))
    with db.web.data.connect() as data:
        assert [one.may_keep for one in bars.listed(data, first)] == [True]
    decide(db, first, bar_id, BarKept.OTHERS_AT_RISK)
    assert rows(db, bar)[0].kept_why == "others_at_risk"


def test_an_objection_is_made_once_and_to_ones_own_bar(db: PortalDb) -> None:
    one, other, first = member(db), member(db, values=()), officer(db)
    bar_id = place(db, first, one)
    with pytest.raises(BarRefused):
        object_to(other, bar_id)
    assert own(other) is None
    object_to(one, bar_id)
    with pytest.raises(BarRefused):
        object_to(one, bar_id)
    assert names(db).count("bar_objected") == 1


def test_only_an_officer_who_confirmed_decides(db: PortalDb) -> None:
    who, first = member(db), officer(db)
    bar_id = place(db, first, who)
    object_to(who, bar_id)
    support = acting(agent(db), kind=ActorKind.STAFF, role=StaffRole.AGENT, verified_at=NOW)
    for nobody, error in (
        (support, AccessDenied), (acting(who, verified_at=NOW), AccessDenied),
        (officer(db, verified_at=None), StepUpRequired),
    ):  # fmt: skip
        with db.web.data.connect() as data:
            with pytest.raises(error):
                bars.place(data, nobody, who, BarWhy.DECEIT, LAST)
            with pytest.raises(error):
                bars.seek(data, nobody, PLAIN["email"])
            with pytest.raises(error):
                bars.lift(data, nobody, bar_id)
            with pytest.raises(error):
                bars.note_objection(data, nobody, bar_id)
            with pytest.raises(error):
                bars.keep(data, nobody, bar_id, BarKept.OTHERS_AT_RISK)
            if error is AccessDenied:
                with pytest.raises(error):
                    bars.listed(data, nobody)
    assert names(db) == ["bar_placed", "bar_objected"]


def test_the_database_asks_for_an_officer_itself(db: PortalDb) -> None:
    """Should a page forget to: what only officers may do goes through functions that look."""
    who = member(db)
    bar_id = place(db, officer(db), who)
    support = agent(db)
    given = {"staff": support, "bar": bar_id, "who": member(db, values=()), "at": NOW, "on": LAST}
    for call in (
        "ops.place_bar(:staff, gen_random_uuid(), :who, 'deceit', :at, :on)",
        "ops.lift_bar(:staff, :bar, :at)",
        "ops.object_to_bar(:staff, :bar, :at)",
        "ops.keep_bar(:staff, :bar, 'others_at_risk', :at)",
    ):
        with db.web.data.begin() as data:
            assert data.scalar(text(f"select {call}"), given) is None, call
    with db.web.data.begin() as data:
        found = data.execute(text("select * from ops.bars(:staff, '2026-01-01')"), given)
        assert found.all() == []
    for statement in (
        insert(bar).values(bar_id=uuid4(), member_id=who, why="deceit", placed_by=support,
                           placed_at=NOW, ends_on=LAST),
        update(bar).values(lifted_at=NOW, lifted_by=support),
        bar.delete(),
    ):  # fmt: skip
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            db.web.data.begin() as data,
        ):
            as_subject(data, who)
            data.execute(statement)


@pytest.mark.parametrize("days", [-1, 0, 366])
def test_an_end_too_near_or_too_far_is_refused_before_anybody_is_looked_for(
    db: PortalDb, days: int
) -> None:
    first, ends_on = officer(db), TODAY + timedelta(days=days)
    with pytest.raises(BarRefused):
        bars.checked(first, PLAIN["email"], ends_on)
    with pytest.raises(BarRefused):
        place(db, first, member(db), ends_on=ends_on)
    with pytest.raises(BarRefused):
        bars.checked(first, "  ", LAST)
    assert bars.checked(first, " x ", bars.longest(TODAY)) == "x"
    assert rows(db, event) == []


def test_there_is_one_bar_at_a_time_and_another_after_it(db: PortalDb) -> None:
    who, first = member(db), officer(db)
    bar_id = place(db, first, who)
    with pytest.raises(BarRefused):
        place(db, first, who)
    decide(db, first, bar_id)
    place(db, first, who)
    # One that is over makes room, before the daily run has been there.
    with db.work.data.begin() as data:
        data.execute(update(bar).values(ends_on=TODAY - timedelta(days=1)))
    place(db, first, who, why=BarWhy.DECEIT)
    assert [(r.why, r.lifted_at) for r in rows(db, bar)] == [("deceit", None)]


def test_nobody_and_several_are_not_barred(db: PortalDb) -> None:
    first = officer(db)
    for found in ((), (uuid4(), uuid4())):
        with pytest.raises(BarRefused):
            bars.the_one(found)
    gone = member(db)
    leave(db, gone)
    with db.web.data.begin() as data:
        assert bars.seek(data, first, PLAIN["email"]) == ()
        assert bars.seek(data, first, "nobody@example.com") == ()
    assert names(db) == ["bar_sought", "bar_sought"]


def test_who_has_left_is_told_nothing_and_the_bar_goes_on(db: PortalDb) -> None:
    who, first = member(db), officer(db)
    bar_id = place(db, first, who)
    work(db)
    leave(db, who)
    with db.web.data.begin() as data:
        bars.note_objection(data, first, bar_id)
    with pytest.raises(BarRefused), db.web.data.begin() as data:
        bars.note_objection(data, first, bar_id)
    decide(db, officer(db), bar_id, BarKept.SHOWN_BY_RECORDS)
    work(db)
    assert not may(db, OWN)
    with db.owner_data.connect() as data:
        assert data.scalar(text("select count(*) from ops.outbox where template = 'bar_kept'")) == 0


def test_who_left_sees_their_bar_by_number_and_secret_and_nobody_else_does(db: PortalDb) -> None:
    barred, other = member(db), member(db, values=())
    bar_id = place(db, officer(db), barred)
    work(db)
    mine, theirs = leave(db, barred), leave(db, other)
    with db.web.data.connect() as data:
        found = bars.after_leaving(data, mine, TODAY)
        assert found is not None
        assert (found.bar_id, found.ends_on) == (bar_id, LAST)
        assert bars.after_leaving(data, theirs, TODAY) is None
        assert bars.after_leaving(data, certificate.typed(mine.number, "x"), TODAY) is None
        assert bars.after_leaving(data, mine, LAST + timedelta(days=1)) is None


def test_a_sleeping_member_is_barred_and_told(db: PortalDb) -> None:
    who = member(db, Store.DORMANT)
    place(db, officer(db), who)
    work(db)
    assert not may(db, OWN)
    with db.owner_data.connect() as data:
        assert data.scalar(text("select count(*) from dormant.inbox where template = 'bar_placed'"))


def test_what_the_worker_does_twice_it_does_once(db: PortalDb) -> None:
    who = member(db)
    bar_id = place(db, officer(db), who)
    house = House(db.work, db.keyring)
    for _ in range(2):
        barring.settle(house, bar_id, NOW)
        barring.run(house, NOW)
    assert len(told(db, who)) == 1
    barring.settle(house, uuid4(), NOW)  # one that is over
    assert not may(db, OWN)


def test_a_bar_that_nobody_copied_is_made_up_for_by_the_daily_run(db: PortalDb) -> None:
    place(db, officer(db), member(db))
    assert may(db, OWN)
    barring.run(House(db.work, db.keyring), NOW)
    assert not may(db, OWN)


def test_too_little_to_be_known_by_is_said(db: PortalDb) -> None:
    from db.drafts import ValueDraft  # noqa: PLC0415

    first = officer(db)
    who = member(db, values=(ValueDraft("mobile", PLAIN["mobile"]),))
    place(db, first, who)
    with db.web.data.connect() as data:
        assert [one.works for one in bars.listed(data, first)] == [True]  # not looked at yet
    work(db)
    with db.web.data.connect() as data:
        assert [(one.works, one.known_by) for one in bars.listed(data, first)] == [
            (False, ("mobile",))
        ]


def test_the_list_names_no_member(db: PortalDb) -> None:
    who, first = member(db), officer(db)
    place(db, first, who)
    work(db)
    with db.web.data.connect() as data:
        (one,) = bars.listed(data, first)
    assert str(who) not in repr(one)
    assert not [value for value in PLAIN.values() if value in repr(one)]
    assert (one.mine, one.placed_no) == (True, first.person.hex[:6])


def test_the_database_refuses_halves(db: PortalDb) -> None:
    place(db, officer(db), member(db))
    for values in (
        {"lifted_at": NOW}, {"answered_at": NOW}, {"kept_why": "others_at_risk"},
        {"why": "dislike"}, {"kept_why": "because"},
    ):  # fmt: skip
        with pytest.raises(IntegrityError), db.work.data.begin() as data:
            data.execute(update(bar).values(values))
