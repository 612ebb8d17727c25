"""In the case of a guardian staff learn no more than a guardian may: not who opened a dispute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from db.clock import seoul_day
from db.words import Caller, CallWish, Purpose
from services import access, history, proof
from services.actor import Permission
from services.ledger import EventName
from tests.calling import by_papers, in_case, opened, staff_actor
from tests.people import agent, portal_house
from tests.services.test_disputes import Family

if TYPE_CHECKING:
    from tests.database import PortalDb

LOOK = access.Look(EventName.HISTORY_VIEWED, Permission.HISTORY_READ, "/history", folds=False)


@pytest.mark.promise("P29")
@pytest.mark.parametrize(
    ("who", "told"), [("father", 0), ("mother", 1), (None, 2)], ids=["other", "own", "child"]
)
def test_who_opened_a_dispute_is_told_in_no_case_of_another_guardian(
    portal_db: PortalDb, who: str | None, told: int
) -> None:
    family = Family(portal_db)
    family.dispute(family.child)
    family.dispute(family.mother)
    caller, guardian = (Caller.GUARDIAN, getattr(family, who)) if who else (Caller.SELF, None)
    portal_house(portal_db)
    one = staff_actor(agent(portal_db))
    case = opened(one, family.child, CallWish.SEE, caller=caller, guardian_id=guardian)
    staff = in_case(one, by_papers(one, case))
    with access.open(staff, family.child, Purpose.SHOW, look=LOOK) as subject:
        lines = history.read(subject, 1, only_others=False).lines
        leaves = proof._leaves(subject, seoul_day(subject.at))
    assert len(lines) > 1
    assert [line.name for line in lines].count(EventName.DISPUTE_OPENED) == told
    assert sum(EventName.DISPUTE_OPENED.encode() in leaf for leaf in leaves.values()) == told
