"""A copy is for whom it was made: the child, or one guardian, and nobody learns of another's."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from db.tables.cases import case as cases
from db.tables.exports import export
from db.tables.ops import outbox
from db.words import CallWish, DisputeOutcome, ExportState, StepState, StepWhat, SuspensionWhy
from services import export_link, exports, guardian_stop
from services import exporting as exporter
from services.actor import AccessDenied
from services.exports import ExportError, GoneError
from services.guardian_stop import Decision
from services.holding_back import HeldBack
from services.ledger import EventName
from tests import exporting
from tests.calling import by_papers, guardians_case, opened, staff_actor
from tests.people import NOW, agent, portal_house
from tests.services.test_case_steps import approve, ask, state
from tests.services.test_disputes import WORDS, Family
from tests.services.test_exporting import plain

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
        assert found is None or found.let_go or found.export_id != which
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


def test_what_staff_agreed_to_for_a_guardian_waits_while_it_is_disputed(family: Family) -> None:
    one, other = staff_actor(agent(family.db)), staff_actor(agent(family.db))
    portal_house(family.db)
    case = guardians_case(one, family.child, CallWish.EXPORT, guardian_id=family.mother)
    step = ask(one, case, StepWhat.EXPORT)
    dispute = family.dispute(family.father)
    with pytest.raises(HeldBack):
        approve(other, case, step)
    assert state(family.db, step) == StepState.WAITING
    family.decide(family.desk(), dispute, Decision(DisputeOutcome.KEPT, WORDS * 2))
    approve(other, case, step)
    assert exporting.do(family.db, family.child, exports.latest)


def by_phone(family: Family, guardian: UUID | None) -> UUID:
    """Let two of the staff have a copy made: for a guardian who calls, or for the child."""
    one, other = staff_actor(agent(family.db)), staff_actor(agent(family.db))
    portal_house(family.db)
    if guardian:
        case = guardians_case(one, family.child, CallWish.EXPORT, guardian_id=guardian)
    else:
        case = by_papers(one, opened(one, family.child, CallWish.EXPORT))
    approve(other, case, ask(one, case, StepWhat.EXPORT))
    with family.db.work.data.connect() as connection:
        asked = select(export.c.export_id).where(export.c.state == ExportState.ASKED)
        which: UUID = connection.scalars(asked).one()
    assert exporting.make(family.db, family.child, which, NOW)
    return which


@pytest.mark.parametrize("calls", ["mother", None], ids=["guardian", "child"])
def test_what_staff_had_made_is_the_callers_and_the_childs(
    family: Family, calls: str | None
) -> None:
    caller = getattr(family, calls) if calls else None
    which = by_phone(family, caller)
    may = {who for who in (family.father, family.mother, family.child) if takes(family, who, which)}
    assert may == {family.child, caller} - {None}
    # Whose link has ended takes nothing, and a dispute keeps it from guardians, too.
    if caller:
        family.dispute(family.father)
        with pytest.raises(HeldBack):
            takes(family, caller, which)
        stop = Decision(DisputeOutcome.ENDED, WORDS * 2, caller, SuspensionWhy.COURT_ORDER)
        family.do(family.child, lambda s: guardian_stop.stop(s, guardian_stop.guardians(s), stop))
        with pytest.raises(AccessDenied):
            takes(family, caller, which)
        assert takes(family, family.child, which)


def test_a_copy_for_two_holds_what_both_may_read(family: Family) -> None:
    for who in (family.child, family.mother):
        dispute = family.dispute(who)
        family.decide(family.desk(), dispute, Decision(DisputeOutcome.KEPT, WORDS * 2))
    which = by_phone(family, family.mother)
    for who in (family.child, family.mother):
        file = plain(family.db, family.child, which, family.actor(who))
        packed = zipfile.ZipFile(io.BytesIO(file))
        looked = packed.read("data/who_looked.json").decode()
        assert EventName.STEP_APPROVED in looked
        assert EventName.DISPUTE_OPENED not in looked
        assert "도와주세요" not in packed.read("data/disputes.json").decode()


def test_who_calls_has_one_copy_whether_asked_for_here_or_by_phone(family: Family) -> None:
    own = made(family, family.mother)
    with pytest.raises(ExportError):
        by_phone(family, family.mother)
    assert exporting.do(family.db, family.child, exports.destroy, family.actor(family.mother))
    with family.db.work.data.begin() as connection:
        connection.execute(update(cases).values(closed_at=NOW))
    which = by_phone(family, family.mother)
    with pytest.raises(ExportError):
        exporting.ask(family.db, family.child, family.actor(family.mother))
    made(family, family.father)  # of what another has nobody is told
    assert exporting.do(family.db, family.child, exports.destroy, family.actor(family.mother))
    # The other one is the child's as well, who may still take it.
    assert [exporting.row(family.db, one).state for one in (own, which)] == ["destroyed", "done"]
    assert not takes(family, family.mother, which)
    made(family, family.mother)


def test_who_called_is_told_that_it_is_ready_and_nobody_else(family: Family) -> None:
    by_phone(family, family.mother)
    exporter.run(exporting.shop(family.db), NOW + timedelta(minutes=2))
    with family.db.work.data.connect() as connection:
        ready = select(outbox.c.member_id).where(outbox.c.template == "export_ready")
        assert list(connection.scalars(ready)) == [family.mother]


@pytest.mark.parametrize("first", ["mother", "child"])
def test_of_anothers_copy_who_calls_learns_nothing(family: Family, first: str) -> None:
    if first == "child":
        made(family, family.child)
    else:
        by_phone(family, family.mother)
        with family.db.work.data.begin() as connection:
            connection.execute(update(cases).values(closed_at=NOW))
    which = by_phone(family, family.father)
    assert takes(family, family.father, which)
