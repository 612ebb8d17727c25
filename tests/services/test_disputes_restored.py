"""Disputes and their decisions are done again in restored data (P23, P29)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from db.tables.member import DORMANT
from db.words import (
    ActorKind,
    Caller,
    CallWish,
    CaseChannel,
    DisputeOutcome,
    DisputeWhy,
    Purpose,
    StaffRole,
    SuspensionWhy,
)
from services import (
    access,
    case_opening,
    custody,
    dispute_case,
    dispute_rights,
    disputes,
    guardian_stop,
    guarding,
    holding_back,
)
from services.actor import Permission
from services.ledger import EventName
from tests.people import NOW, acting, agent, child_of, member
from tests.restoring import AT, LATER, portal
from tests.services.test_custody import sleeping
from tests.services.test_restore import restored_as_it_was

if TYPE_CHECKING:
    from tests.restoring import Restoring

__all__ = ["portal"]


@pytest.mark.promise("P23", "P29")
def test_a_dispute_and_who_may_not_act_stay_so(portal: Restoring) -> None:
    """Neither a wish for help nor a court's word may be lost with the data (clause 9)."""
    guardian = member(portal.db)
    born = "2016-05-06"
    decided, waits, by_letter = (child_of(portal.db, guardian, born) for _ in range(3))
    officer = acting(agent(portal.db, StaffRole.OFFICER), kind=ActorKind.STAFF,
                     role=StaffRole.OFFICER, at=LATER, verified_at=LATER)  # fmt: skip
    asleep = sleeping(portal.db, guardian)
    opened = {}
    for child in (by_letter, asleep):
        letter = case_opening.Draft(
            child, CaseChannel.LETTER, Caller.SELF, frozenset({CallWish.SEE}), NOW.date()
        )
        with portal.db.web.data.begin() as data:
            opened[child] = case_opening.open_case(data, replace(officer, at=NOW), letter)
    file = portal.back_up()
    look = access.Look(EventName.DISPUTE_OPENED, Permission.DISPUTE_OPEN, "/", folds=False)
    found = {}
    for child in (decided, waits):
        with access.open(acting(child, at=LATER), child, Purpose.CORRECT, look=look) as subject:
            found[child] = disputes.open_dispute(subject, DisputeWhy.FEAR, "도와주세요")
    with portal.db.web.data.begin() as data:
        case = dispute_case.take(data, officer, decided, found[decided])
    chosen = guardian_stop.Decision(
        DisputeOutcome.SUSPENDED, "법원 서류를 확인했어요.", guardian, SuspensionWhy.COURT_ORDER
    )
    purpose, viewing = dispute_rights.PURPOSE, dispute_rights.VIEWING
    with access.open(officer, decided, purpose, case, look=viewing) as subject:
        dispute_case.decide(subject, chosen)
    order = custody.Order(1, True, SuspensionWhy.CUSTODY_END, None, None, "법원 결정문을 받았어요.")  # noqa: FBT003
    for child, came in opened.items():
        with portal.db.web.data.begin() as data:
            case = custody.begin(data, officer, came)
        with access.open(officer, child, purpose, case, look=viewing) as subject:
            custody.enter(subject, order)
    restored_as_it_was(portal, file)
    with portal.db.work.data.connect() as data:
        assert not data.scalar(select(guarding.guards(by_letter, guardian, AT.date())))
        assert not data.scalar(select(guarding.guards(decided, guardian, AT.date())))
        assert holding_back.is_open(data, waits, AT.date())
        link = DORMANT.guardianship.c
        ended = select(link.ended_on, link.suspended_why).where(link.member_id == asleep)
        assert data.execute(ended).one() == (LATER.date(), SuspensionWhy.CUSTODY_END)
