"""What a paper says of who acts for a child: entered by an officer, from a caller's case (P29)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import bindparam, func, select, text

from db import places
from db.drafts import GuardianshipDraft, ValueDraft
from db.tables.cases import case as cases
from db.tables.cases import case_paper
from db.tables.ledger import event
from db.tables.member import DORMANT, LIVE
from db.tables.ops import outbox as told
from db.words import (
    ActorKind,
    Caller,
    CallWish,
    CaseChannel,
    LinkMeans,
    Purpose,
    StaffRole,
    Store,
    SuspensionWhy,
)
from services import (
    access,
    case_opening,
    custody,
    custody_asleep,
    dispute_notices,
    dispute_rights,
    moving,
    outbox,
)
from services.actor import AccessDenied, Actor, Permission, Relation, StepUpRequired
from services.custody import Order
from services.disputes import DisputeRefused
from services.house import House, open_house
from services.ledger import EventName
from tests.people import NOW, acting, agent, child_of, member, portal_house
from tests.services.test_files import picture

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P29")

TODAY = NOW.date()
LOOK = access.Look(EventName.PROFILE_VIEWED, Permission.PROFILE_READ, "/my-data", folds=False)
ORDER = Order(1, ends=False, why=SuspensionWhy.COURT_ORDER, since=TODAY, until=None,
              words="서울가정법원 2026느단1 결정문")  # fmt: skip


def officer(db: PortalDb, **changes: Any) -> Actor:  # noqa: ANN401
    return acting(agent(db, StaffRole.OFFICER, **changes), kind=ActorKind.STAFF,
                  role=StaffRole.OFFICER, verified_at=NOW)  # fmt: skip


def letter(db: PortalDb, staff: Actor, who: UUID) -> UUID:
    """Open a case for somebody who brought a paper about `who`."""
    draft = case_opening.Draft(
        who, CaseChannel.LETTER, Caller.SELF, frozenset({CallWish.SEE}), TODAY
    )
    with db.web.data.begin() as data:
        return case_opening.open_case(data, staff, draft)


def enter(db: PortalDb, staff: Actor, case_id: UUID, order: Order) -> UUID:
    with db.web.data.begin() as data:
        made = custody.begin(data, staff, case_id)
        child = data.scalar(select(cases.c.member_id).where(cases.c.case_id == made))
    assert child is not None
    with access.open(
        staff, child, dispute_rights.PURPOSE, made, look=dispute_rights.VIEWING
    ) as subject:
        return custody.enter(subject, order)


def acts(guardian: UUID, child: UUID, at: Any = NOW) -> bool:  # noqa: ANN401
    actor = acting(guardian, at=at, acting_for=child)
    try:
        with access.open(actor, child, Purpose.SHOW, look=LOOK) as subject:
            return subject.relation is Relation.GUARDIAN
    except AccessDenied:
        return False


def tell(db: PortalDb, child: UUID, which: UUID) -> set[tuple[UUID, str]]:
    with db.work.data.begin() as data, db.work.keys.connect() as keys:
        dispute_notices.tell(
            data, (child, which), lambda m: outbox.sealer_of(keys, db.keyring, m), NOW
        )
        rows = data.execute(
            select(told.c.member_id, told.c.template).where(
                told.c.template.not_in(("case_opened", "dormancy_notice"))
            )
        ).all()
    return {(row.member_id, row.template) for row in rows}


@pytest.mark.parametrize("ends", [False, True], ids=["suspended", "ended"])
def test_a_letter_stops_a_guardian_at_once_and_everybody_is_told(
    portal_db: PortalDb, *, ends: bool
) -> None:
    db = portal_db
    portal_house(db)
    guardian = member(db)
    child = child_of(db, guardian, "2016-05-06")
    staff = officer(db)
    case_id = letter(db, staff, child)
    assert acts(guardian, child)
    which = enter(db, staff, case_id, replace(ORDER, ends=ends, document=picture()))
    assert not acts(guardian, child)
    assert not acts(guardian, child, NOW + timedelta(days=400))
    with db.work.data.connect() as data:
        link = data.execute(select(LIVE.guardianship)).one()
        assert (link.suspended_on, link.suspended_why) == (TODAY, "court_order")
        assert link.ended_on == (TODAY if ends else None)
        papers = data.execute(select(case_paper.c.kind, case_paper.c.case_id)).all()
        assert [tuple(row) for row in papers] == [("proof", case_id)]
        staffs = select(event.c.name, event.c.reason).where(event.c.actor_kind == "staff")
        names = [tuple(row) for row in data.execute(staffs.order_by(event.c.event_id))]
    assert ("custody_begun", None) in names
    assert (("guardian_ended" if ends else "guardian_suspended"), "court_order") in names
    assert tell(db, child, which) == {(child, "dispute_decided"), (guardian, "guardian_stopped")}


def test_a_later_day_stops_nobody_before_and_is_told(portal_db: PortalDb) -> None:
    db = portal_db
    portal_house(db)
    guardian = member(db)
    child = child_of(db, guardian, "2016-05-06")
    staff = officer(db)
    first, last = TODAY + timedelta(days=3), TODAY + timedelta(days=5)
    order = replace(ORDER, since=first, until=last)
    which = enter(db, staff, letter(db, staff, child), order)
    days = [acts(guardian, child, NOW + timedelta(days=n)) for n in (2, 3, 5, 6)]
    assert days == [True, False, False, True]
    assert (guardian, "guardian_stopped") in tell(db, child, which)


def test_what_is_refused(portal_db: PortalDb) -> None:
    db = portal_db
    portal_house(db)
    guardian = member(db)
    child = child_of(db, guardian, "2016-05-06")
    staff = officer(db)
    case_id = letter(db, staff, child)
    for bad in (
        replace(ORDER, guardian=2), replace(ORDER, guardian=None), replace(ORDER, why=None),
        replace(ORDER, why=SuspensionWhy.DESK), replace(ORDER, words="종이"),
        replace(ORDER, since=date(2026, 11, 1)),
        replace(ORDER, since=TODAY + timedelta(days=2), until=TODAY),
    ):  # fmt: skip
        with pytest.raises(DisputeRefused):
            enter(db, staff, case_id, bad)
    assert acts(guardian, child)
    helper = acting(agent(db), kind=ActorKind.STAFF, role=StaffRole.AGENT, verified_at=NOW)
    with pytest.raises(AccessDenied):
        enter(db, helper, case_id, ORDER)
    with pytest.raises(DisputeRefused, match="closed"):  # about a grown member
        enter(db, staff, letter(db, staff, guardian), ORDER)
    with pytest.raises(DisputeRefused, match="closed"):  # about the officer's own child
        enter(db, officer(db, own_membership=guardian), case_id, ORDER)
    with pytest.raises(StepUpRequired):
        enter(db, replace(staff, verified_at=None), case_id, ORDER)
    assert acts(guardian, child)


# ---- a child who sleeps ---------------------------------------------------------------------


def sleeping(db: PortalDb, *guardians: UUID, born: str = "2016-05-06") -> UUID:
    links = tuple(
        GuardianshipDraft(who, date(2024, 1, 1 + n), LinkMeans.JOINING, proof=True)
        for n, who in enumerate(guardians)
    )
    values = (ValueDraft("nickname", "꼬마"), ValueDraft("birth_date", born))
    return member(db, Store.DORMANT, values=values, records=(), devices=(), guardianships=links)


def in_store(db: PortalDb, tables: Any, child: UUID) -> list[Any]:  # noqa: ANN401
    with db.work.data.connect() as data:
        link = tables.guardianship
        return list(data.execute(select(link).where(link.c.member_id == child)))


def work(db: PortalDb, child: UUID, which: UUID) -> set[tuple[UUID, str]]:
    """Do what the worker's job does; return who was told what."""
    open_house(House(db.work, db.keyring))
    with db.work.data.begin() as data, db.work.keys.connect() as keys:
        jobs = data.execute(text(
            "select args from jobs.procrastinate_jobs where task_name = 'dispute'"
        )).scalars().all()  # fmt: skip
        (args,) = (one for one in jobs if one["dispute_id"] == str(which))
        assert args.keys() == {"member_id", "dispute_id", "case_id"}
        for _ in range(2):
            custody_asleep.seal_anew(
                data, (child, which), UUID(args["case_id"]),
                lambda m: outbox.sealer_of(keys, db.keyring, m), NOW,
            )  # fmt: skip
    return tell(db, child, which)


@pytest.mark.promise("P09")
@pytest.mark.parametrize("ends", [False, True], ids=["suspended", "ended"])
def test_a_sleeping_childs_guardian_is_stopped_and_the_child_sleeps_on(
    portal_db: PortalDb, *, ends: bool
) -> None:
    db = portal_db
    portal_house(db)
    guardian, other = member(db), member(db)
    child = sleeping(db, guardian, other)
    staff = officer(db)
    case_id = letter(db, staff, child)
    order = replace(ORDER, ends=ends, document=picture())
    which = enter(db, staff, case_id, order)
    assert in_store(db, LIVE, child) == []
    first, second = sorted(in_store(db, DORMANT, child), key=lambda one: one.started_on)
    assert (first.suspended_on, first.suspended_why) == (TODAY, "court_order")
    assert first.ended_on == (TODAY if ends else None)
    assert (second.suspended_on, second.ended_on) == (None, None)
    with db.work.data.connect() as data:
        papers = data.execute(select(case_paper.c.kind, case_paper.c.case_id)).all()
        noted = data.scalars(select(event.c.name).where(event.c.member_id == child)).all()
        carried = str(data.execute(text("select detail from ops.journal")).scalars().all())
    assert [tuple(row) for row in papers] == [("proof", case_id)]
    assert "custody_begun" in noted
    assert ("guardian_ended" if ends else "guardian_suspended") in noted
    assert "dormant.guardianship" in carried, "a restore does it again"
    # The stopped one and the other are told; the sleeping child's address is used for nothing.
    assert work(db, child, which) == {(guardian, "guardian_stopped"), (other, "dispute_decided")}
    with db.work.data.connect() as data, db.work.keys.connect() as keys:
        row = data.execute(select(DORMANT.dispute)).one()
        store, sealer = outbox.sealer_of(keys, db.keyring, child)
        said = sealer.open(row.answer, places.dispute_answer(row.dispute_id)).decode()
    assert (store, said, row.outcome) == (Store.DORMANT, ORDER.words, "ended" if ends else
                                          "suspended")  # fmt: skip
    # Awake, the child has one guardian who may act.
    with db.work.data.begin() as data, db.work.keys.begin() as keys:
        keyring = db.keyring
        moving.rewrap(keys, keyring, [child], Store.DORMANT, Store.LIVE)
        moving.rows(data, [child], Store.DORMANT, Store.LIVE)
    portal_house(db)
    assert not acts(guardian, child)
    assert acts(other, child)


def test_what_is_refused_of_a_sleeping_child(portal_db: PortalDb) -> None:
    db = portal_db
    portal_house(db)
    guardian = member(db)
    child = sleeping(db, guardian)
    staff = officer(db)
    case_id = letter(db, staff, child)
    for bad in (
        replace(ORDER, guardian=2), replace(ORDER, guardian=None), replace(ORDER, why=None),
        replace(ORDER, words="종이"), replace(ORDER, since=date(2026, 11, 1)),
        replace(ORDER, since=TODAY + timedelta(days=2), until=TODAY),
    ):  # fmt: skip
        with pytest.raises(DisputeRefused):
            enter(db, staff, case_id, bad)
    with pytest.raises(DisputeRefused, match="closed"):  # the officer's own child
        enter(db, officer(db, own_membership=guardian), case_id, ORDER)
    with pytest.raises(DisputeRefused, match="closed"):  # 14 by now
        enter(db, staff, letter(db, staff, sleeping(db, guardian, born="2012-11-22")), ORDER)
    with pytest.raises(DisputeRefused, match="closed"):  # nobody ever acted for it
        enter(db, staff, letter(db, staff, sleeping(db)), ORDER)
    (link,) = in_store(db, DORMANT, child)
    assert (link.suspended_on, link.ended_on) == (None, None)


def test_only_the_officer_in_whose_hand_it_is_sees_and_stops(portal_db: PortalDb) -> None:
    db = portal_db
    portal_house(db)
    guardian = member(db)
    child = sleeping(db, guardian)
    staff, other = officer(db), officer(db)
    with db.web.data.begin() as data:
        made = custody.begin(data, staff, letter(db, staff, child))
    with db.web.data.connect() as data:
        for who, at, count in (
            (staff, NOW, 1), (other, NOW, 0), (staff, NOW + timedelta(minutes=31), 0),
        ):  # fmt: skip
            listed = func.ops.guardians_asleep(who.person, made, at, TODAY)
            rows = data.execute(select(listed.table_valued("guardian_id"))).all()
            assert len(rows) == count
            stopping = func.ops.stop_asleep(
                who.person, made, at, TODAY, guardian, "removal", TODAY, bindparam("until", None),
                False, uuid4(), b"words",  # noqa: FBT003 (an argument of the database's)
            )  # fmt: skip
            assert len(data.execute(select(stopping.table_valued("member_id"))).all()) == count
        data.rollback()
    assert in_store(db, DORMANT, child)[0].suspended_on is None


def test_a_sleeping_guardian_is_written_to_all_the_same(portal_db: PortalDb) -> None:
    db = portal_db
    portal_house(db)
    asleep, awake = member(db, Store.DORMANT), member(db)
    child = member(
        db, values=(ValueDraft("birth_date", "2016-05-06"),), records=(), devices=(),
        guardianships=tuple(
            GuardianshipDraft(who, date(2024, 1, 1 + n), LinkMeans.JOINING, proof=True)
            for n, who in enumerate((asleep, awake))
        ),
    )  # fmt: skip
    staff = officer(db)
    which = enter(db, staff, letter(db, staff, child), ORDER)
    assert (asleep, "guardian_stopped") in tell(db, child, which)


@pytest.mark.promise("P29")
@pytest.mark.parametrize("asleep", [False, True])
@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize(
    ("until", "then", "last"), [(3, 30, 30), (30, 20, 30), (None, 20, None), (3, None, None)]
)
def test_a_later_paper_takes_nothing_from_a_suspension_in_force(
    portal_db: PortalDb, until: int | None, then: int | None, last: int | None, *, ends: bool,
    asleep: bool,
) -> None:  # fmt: skip
    """Until the later day, too, the guardian may not act."""
    portal_house(portal_db)
    guardian, staff = member(portal_db), officer(portal_db)
    child = (sleeping(portal_db, guardian) if asleep
             else child_of(portal_db, guardian, "2016-05-06"))  # fmt: skip
    case_id = letter(portal_db, staff, child)
    enter(portal_db, staff, case_id, replace(ORDER, until=in_days(until)))
    later = replace(ORDER, ends=ends, since=in_days(10), until=in_days(then))
    enter(portal_db, staff, case_id, later)
    (link,) = in_store(portal_db, DORMANT if asleep else LIVE, child)
    assert link.suspended_on == TODAY
    assert link.suspended_until == (None if ends else in_days(last))
    assert link.ended_on == (in_days(10) if ends else None)


@pytest.mark.parametrize("asleep", [False, True])
@pytest.mark.parametrize("second", [1, 30])
def test_an_end_that_is_entered_is_never_put_off(
    portal_db: PortalDb, second: int, *, asleep: bool
) -> None:
    portal_house(portal_db)
    guardian, staff = member(portal_db), officer(portal_db)
    child = (sleeping(portal_db, guardian) if asleep
             else child_of(portal_db, guardian, "2016-05-06"))  # fmt: skip
    case_id = letter(portal_db, staff, child)
    for days in (3, second):
        enter(portal_db, staff, case_id, replace(ORDER, ends=True, since=in_days(days)))
    (link,) = in_store(portal_db, DORMANT if asleep else LIVE, child)
    assert link.ended_on == in_days(min(3, second))


def in_days(days: int | None) -> date | None:
    return None if days is None else TODAY + timedelta(days=days)


def test_words_wait_for_a_child_who_is_just_waking(portal_db: PortalDb) -> None:
    """Between the rows' move and the key's the job is tried again, so that nothing is lost."""
    portal_house(portal_db)
    child, staff = sleeping(portal_db, member(portal_db)), officer(portal_db)
    case_id = letter(portal_db, staff, child)
    which = enter(portal_db, staff, case_id, ORDER)
    with portal_db.work.data.begin() as data, portal_db.work.keys.begin() as keys:
        moving.rewrap(keys, portal_db.keyring, [child], Store.DORMANT, Store.LIVE)
        moving.rows(data, [child], Store.DORMANT, Store.LIVE)
    open_house(House(portal_db.work, portal_db.keyring))

    def anew() -> None:
        with portal_db.work.data.begin() as data, portal_db.work.keys.connect() as keys:
            opened = partial(outbox.sealer_of, keys, portal_db.keyring)
            custody_asleep.seal_anew(data, (child, which), case_of(data), opened, NOW)

    with pytest.raises(outbox.NoKeyError):
        anew()
    with portal_db.work.keys.begin() as keys:
        moving.settle(keys, [child], Store.LIVE, NOW)
    anew()
    with portal_db.work.data.connect() as data, portal_db.work.keys.connect() as keys:
        (row,) = data.execute(select(LIVE.dispute)).all()
        _store, sealer = outbox.sealer_of(keys, portal_db.keyring, child)
        assert sealer.open(row.answer, places.dispute_answer(which)).decode() == ORDER.words


def case_of(data: Connection) -> UUID:
    """Return the case whose key the job has."""
    asked = text("select args from jobs.procrastinate_jobs where task_name = 'dispute'")
    return UUID(data.scalars(asked).one()["case_id"])


@pytest.mark.promise("P29")
@pytest.mark.parametrize("asleep", [False, True])
@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        ((3, 5), (10, 30), (3, 30)), ((10, 30), (3, 5), (3, 30)), ((10, None), (0, 3), (0, None)),
        ((0, 30), (0, 3), (0, 3)), ((0, None), (0, 30), (0, 30)),
    ],
)  # fmt: skip
def test_of_two_suspensions_on_other_days_neither_lifts_the_other(
    portal_db: PortalDb, first: tuple[int, int | None], second: tuple[int, int | None],
    left: tuple[int, int | None], *, asleep: bool,
) -> None:  # fmt: skip
    """But one in force is changed, shorter too, by an order that counts from today on."""
    portal_house(portal_db)
    guardian, staff = member(portal_db), officer(portal_db)
    child = (sleeping(portal_db, guardian) if asleep
             else child_of(portal_db, guardian, "2016-05-06"))  # fmt: skip
    case_id = letter(portal_db, staff, child)
    for since, until in (first, second):
        enter(portal_db, staff, case_id,
              replace(ORDER, since=TODAY + timedelta(since), until=in_days(until)))  # fmt: skip
    (link,) = in_store(portal_db, DORMANT if asleep else LIVE, child)
    assert (link.suspended_on, link.suspended_until) == (in_days(left[0]), in_days(left[1]))
