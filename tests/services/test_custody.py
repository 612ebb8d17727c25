"""What a paper says of who acts for a child: entered by an officer, from a caller's case (P29)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from db.tables.cases import case as cases
from db.tables.cases import case_paper
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import outbox as told
from db.words import (
    ActorKind,
    Caller,
    CallWish,
    CaseChannel,
    Purpose,
    StaffRole,
    SuspensionWhy,
)
from services import access, case_opening, custody, dispute_desk, dispute_notices, outbox
from services.actor import AccessDenied, Actor, Permission, Relation, StepUpRequired
from services.custody import Order
from services.disputes import DisputeRefused
from services.ledger import EventName
from tests.people import NOW, acting, agent, child_of, member, portal_house
from tests.services.test_files import picture

if TYPE_CHECKING:
    from uuid import UUID

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
        staff, child, dispute_desk.PURPOSE, made, look=dispute_desk.VIEWING
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
            select(told.c.member_id, told.c.template).where(told.c.template != "case_opened")
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
