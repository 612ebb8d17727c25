"""A copy is for whom it was made: the child, or one guardian, and nobody learns of another's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from db.words import CallWish, DisputeOutcome, StepState, StepWhat
from services import export_link, exports
from services.dispute_desk import Decision
from services.exports import ExportError, GoneError
from services.holding_back import HeldBack
from tests import exporting
from tests.calling import guardians_case, staff_actor
from tests.people import NOW, agent, portal_house
from tests.services.test_case_steps import approve, ask, state
from tests.services.test_disputes import WORDS, Family

if TYPE_CHECKING:
    from uuid import UUID

    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P29")


@pytest.fixture
def family(portal_db: PortalDb) -> Family:
    return Family(portal_db)


def made(family: Family, who: UUID) -> UUID:
    which = exporting.ask(family.db, family.child, family.actor(who))
    assert exporting.make(family.db, family.child, which)
    return which


def takes(family: Family, who: UUID, which: UUID) -> bool:
    """Return whether somebody has the copy handed out, and sees, follows and ends that one."""
    actor = family.actor(who)
    link = export_link.Link(family.child, which, actor.session_id)
    found = exporting.do(family.db, family.child, exports.latest, actor)
    with family.db.web.data.begin() as data:
        assert exports.follow(data, actor) == found
    try:
        exporting.do(family.db, family.child, lambda s: exports.take(s, link), actor)
    except GoneError:
        assert found is None or found.export_id != which
        return False
    assert found.export_id == which
    return True


def test_what_the_child_took_along_in_a_dispute_is_no_guardians_afterwards(family: Family) -> None:
    dispute = family.dispute(family.child)
    own = made(family, family.child)
    family.decide(family.desk(), dispute, Decision(DisputeOutcome.KEPT, WORDS * 2))
    for who in (family.father, family.mother):
        assert not takes(family, who, own)
        assert not exporting.do(family.db, family.child, exports.destroy, family.actor(who))
    assert takes(family, family.child, own)


def test_each_has_one_of_their_own_and_none_of_another(family: Family) -> None:
    everybody = (family.father, family.mother, family.child)
    copies = {who: made(family, who) for who in everybody}
    for who in everybody:
        assert [one for one in everybody if takes(family, who, copies[one])] == [who]
        with pytest.raises(ExportError):
            exporting.ask(family.db, family.child, family.actor(who))
    assert exporting.do(family.db, family.child, exports.destroy, family.actor(family.mother))
    assert [exporting.row(family.db, copies[who]).state for who in everybody] == [
        "done", "destroyed", "done",
    ]  # fmt: skip


def test_nobody_stops_anothers(family: Family) -> None:
    which = exporting.ask(family.db, family.child, family.actor(family.father))
    for who in (family.mother, family.child):
        assert not exporting.do(family.db, family.child, exports.cancel, family.actor(who))
    assert exporting.do(family.db, family.child, exports.cancel, family.actor(family.father))
    assert exporting.row(family.db, which).state == "cancelled"


def test_what_staff_agreed_to_is_the_childs_and_waits_while_it_is_disputed(family: Family) -> None:
    one, other = staff_actor(agent(family.db)), staff_actor(agent(family.db))
    portal_house(family.db)
    case = guardians_case(one, family.child, CallWish.EXPORT, guardian_id=family.father)
    step = ask(one, case, StepWhat.EXPORT)
    dispute = family.dispute(family.mother)
    with pytest.raises(HeldBack):
        approve(other, case, step)
    assert state(family.db, step) == StepState.WAITING
    family.decide(family.desk(), dispute, Decision(DisputeOutcome.KEPT, WORDS * 2))
    approve(other, case, step)
    found = exporting.do(family.db, family.child, exports.latest)
    assert exporting.make(family.db, family.child, found.export_id, NOW)
    assert not takes(family, family.father, found.export_id)
    assert takes(family, family.child, found.export_id)
