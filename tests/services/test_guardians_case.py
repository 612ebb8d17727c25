"""In the case of a guardian staff learn no more than a guardian may: not who opened a dispute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from db.clock import seoul_day
from db.words import Caller, CallWish, Purpose
from services import access, caller_check, history, proof
from services.actor import Permission
from services.ledger import EventName
from tests.calling import HANDLE, in_case, opened, read, staff_actor
from tests.people import agent, portal_house
from tests.services.test_disputes import Family

if TYPE_CHECKING:
    from tests.database import PortalDb

LOOK = access.Look(EventName.HISTORY_VIEWED, Permission.HISTORY_READ, "/history", folds=False)


@pytest.mark.promise("P29")
@pytest.mark.parametrize(
    ("caller", "told"), [(Caller.GUARDIAN, False), (Caller.SELF, True)], ids=["guardian", "child"]
)
def test_who_opened_a_dispute_is_told_in_no_guardians_case(
    portal_db: PortalDb, caller: Caller, *, told: bool
) -> None:
    family = Family(portal_db)
    family.dispute(family.child)
    family.dispute(family.mother)
    portal_house(portal_db)
    one = staff_actor(agent(portal_db))
    case = opened(one, family.child, CallWish.SEE, caller=caller)
    with access.open(one, family.child, Purpose.SHOW, case.case_id, look=HANDLE) as subject:
        caller_check.by_documents(subject, case)
    staff = in_case(one, read(case.case_id))
    with access.open(staff, family.child, Purpose.SHOW, look=LOOK) as subject:
        lines = history.read(subject, 1, only_others=False).lines
        leaves = proof._leaves(subject, seoul_day(subject.at))
    assert len(lines) > 1
    assert (EventName.DISPUTE_OPENED in {line.name for line in lines}) is told
    assert any(EventName.DISPUTE_OPENED.encode() in leaf for leaf in leaves.values()) is told
