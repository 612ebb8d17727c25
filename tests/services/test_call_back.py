"""A number that staff changed shows nobody who is calling: it rests (P31)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from db.law import law
from db.words import CallWish, Purpose
from services import access, call_back, correction
from services.actor import Permission
from services.cases import CaseRefused
from services.ledger import EventName
from tests.calling import HANDLE, by_papers, guardians_case, in_case, one, opened, read, staff_actor
from tests.people import NOW, PLAIN, acting, agent, child_of, member

if TYPE_CHECKING:
    from uuid import UUID

    from services.actor import Actor
    from services.call_back import Numbers
    from services.cases import Case
    from tests.database import PortalDb

__all__ = ["one"]

pytestmark = pytest.mark.promise("P31")

CORRECT = access.Look(EventName.CORRECTION_VIEWED, Permission.PROFILE_CORRECT, "/edit")
CHANGED = "02-777-8888"
BOTH = {"Mobile": PLAIN["mobile"], "Telephone": PLAIN["phone"]}


def shown(actor: Actor, case: Case) -> Numbers:
    with access.open(actor, case.member_id, Purpose.SHOW, case.case_id, look=HANDLE) as subject:
        return call_back.numbers(subject, case)


def change(actor: Actor, who: UUID, number: str = CHANGED) -> None:
    with access.open(actor, who, Purpose.CORRECT, look=CORRECT) as subject:
        correction.correct(subject, "phone", 0, number)


def changed_in_a_case(actor: Actor, who: UUID) -> Case:
    """Let one of the staff change the landline, as they alone can."""
    case = by_papers(actor, opened(actor, who, CallWish.CORRECT))
    change(in_case(actor, case), who)
    return case


def end(db: PortalDb, case: Case) -> None:
    with db.work.data.begin() as connection:
        connection.exec_driver_sql(
            'update ops."case" set closed_at = now() where case_id = %s', (case.case_id,)
        )


def test_a_landline_that_staff_changed_is_nothing_to_call_back_at(
    portal_db: PortalDb, one: Actor
) -> None:
    who = member(portal_db)
    assert set(shown(one, opened(one, who)).known.values()) == set(BOTH.values())
    with portal_db.work.data.begin() as connection:
        connection.exec_driver_sql('update ops."case" set closed_at = now()')
    case = changed_in_a_case(one, who)
    assert set(shown(one, case).known.values()) == {PLAIN["mobile"]}, "in the case itself"
    end(portal_db, case)
    # Nor is it for a colleague, until it has rested.
    days = timedelta(days=law().calls.number_rests_days)
    for later, rests in ((days - timedelta(minutes=1), True), (days, False)):
        other = replace(staff_actor(agent(portal_db)), at=NOW + later)
        case = opened(other, who)
        found = shown(other, case)
        assert (CHANGED in found.known.values()) is not rests
        assert len(found.resting) == rests
        end(portal_db, case)


def test_it_rests_in_its_own_case_however_long_that_lasts(portal_db: PortalDb, one: Actor) -> None:
    case = changed_in_a_case(one, member(portal_db))
    with portal_db.work.data.begin() as connection:
        connection.exec_driver_sql(
            "update ops.\"case\" set granted_until = granted_until + interval '40 days'"
        )
    later = replace(one, at=NOW + timedelta(days=40, minutes=1))
    assert CHANGED not in shown(later, read(case.case_id)).known.values()


def test_who_has_no_other_number_is_not_verified_by_it(portal_db: PortalDb, one: Actor) -> None:
    who = member(portal_db)
    with portal_db.work.data.begin() as connection:
        connection.exec_driver_sql("delete from live.profile_value where item = 'mobile'")
    case = changed_in_a_case(one, who)
    with (
        pytest.raises(CaseRefused, match="no registered number"),
        access.open(one, who, Purpose.SHOW, case.case_id, look=HANDLE) as subject,
    ):
        call_back.called_back(subject, case)


def test_what_the_member_changed_counts_at_once(portal_db: PortalDb, one: Actor) -> None:
    who = member(portal_db)
    case = changed_in_a_case(one, who)
    own = replace(acting(who, verified_at=NOW), at=NOW + timedelta(minutes=1))
    change(own, who, "02-999-0000")
    later = replace(one, at=NOW + timedelta(minutes=2))
    assert shown(later, case).resting == ()
    with access.open(later, who, Purpose.SHOW, case.case_id, look=HANDLE) as subject:
        call_back.called_back(subject, case)
    assert read(case.case_id).verified_by == "call_back"


def test_a_guardian_is_not_verified_at_the_childs_number(portal_db: PortalDb, one: Actor) -> None:
    child = child_of(portal_db, member(portal_db), "2018-03-04")
    case = guardians_case(one, child)
    with (
        pytest.raises(CaseRefused, match="guardian"),
        access.open(one, child, Purpose.SHOW, case.case_id, look=HANDLE) as subject,
    ):
        call_back.called_back(subject, case)


@pytest.mark.promise("P31", "P29")
def test_a_number_that_a_guardian_typed_is_not_the_childs_to_answer(
    portal_db: PortalDb, one: Actor
) -> None:
    guardian = member(portal_db)
    child = child_of(portal_db, guardian, "2016-05-06")
    at = NOW - timedelta(days=2 * law().calls.number_rests_days)
    change(acting(guardian, at=at, verified_at=at), child)
    case = opened(one, child, CallWish.SEE)
    assert shown(one, case).resting == ("Phone",)
