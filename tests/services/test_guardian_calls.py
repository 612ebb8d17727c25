"""What a guardian asks for by phone is the guardian's: no more may be done for it (P29, P41)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from db.tables.member import LIVE
from db.words import CallWish, Purpose, StepState, StepWhat
from services import access, case_confirming, consents, correction
from services.actor import Permission
from services.consents import ConsentRefused
from services.guardians_own import ContactRefused
from services.holding_back import HeldBack
from services.ledger import EventName
from tests.calling import (
    by_papers,
    guardians_case,
    in_case,
    one,
    opened,
    other,
    verified_case,
)
from tests.people import NOW, PLAIN, child_of, member
from tests.services.test_case_steps import approve, ask, count, follow, link_of, state
from tests.services.test_disputes import Family

if TYPE_CHECKING:
    from services.actor import Actor
    from tests.database import PortalDb

__all__ = ["one", "other"]

pytestmark = pytest.mark.promise("P29")


def test_no_second_word_turns_the_childs_mail_away_in_a_dispute(
    portal_db: PortalDb, one: Actor, other: Actor
) -> None:
    family = Family(portal_db)
    case = guardians_case(one, family.child, CallWish.CORRECT, guardian_id=family.mother)
    step = ask(one, case, StepWhat.EMAIL, typed="new@example.org")
    family.dispute(family.mother)
    with pytest.raises(HeldBack):
        approve(other, case, step)
    with pytest.raises(HeldBack):
        case_confirming.confirm(follow(link_of(portal_db, case, step)), "ko", NOW)
    assert (state(portal_db, step), count(portal_db, LIVE.pending_value)) == (StepState.WAITING, 0)


def test_what_a_second_one_agrees_to_is_the_guardians_wish_or_the_members(
    portal_db: PortalDb, one: Actor, other: Actor
) -> None:
    family = Family(portal_db)
    grown = member(portal_db)
    for case, by in (
        (
            guardians_case(one, family.child, CallWish.CORRECT, guardian_id=family.mother),
            family.mother,
        ),
        (verified_case(one, grown, CallWish.CORRECT), grown),
    ):
        approve(other, case, ask(one, case, StepWhat.EMAIL, typed="new@example.org"))
        table = LIVE.pending_value.c
        with portal_db.work.data.connect() as connection:
            asked = select(table.asked_by).where(table.member_id == case.member_id)
            assert connection.scalar(asked) == by


def test_a_guardian_who_calls_gives_no_address_of_their_own(
    portal_db: PortalDb, one: Actor
) -> None:
    child = child_of(portal_db, member(portal_db), "2018-03-04")
    case = guardians_case(one, child, CallWish.CORRECT)
    with pytest.raises(ContactRefused):
        ask(one, case, StepWhat.EMAIL, typed=PLAIN["email"])
    look = access.Look(EventName.CORRECTION_VIEWED, Permission.PROFILE_CORRECT, "/edit")
    with (
        pytest.raises(correction.NotCorrectable),  # staff change nobody's mobile number
        access.open(in_case(one, case), child, Purpose.CORRECT, look=look) as subject,
    ):
        correction.correct(subject, "mobile", 0, PLAIN["mobile"])


def test_a_yes_for_a_child_by_phone_is_a_guardians_and_ends_with_it(
    portal_db: PortalDb, one: Actor
) -> None:
    """Who is under 14 says no yes by calling; a guardian's is the guardian's, at 14 too."""
    look = access.Look(EventName.CONSENTS_VIEWED, Permission.CONSENT_CHANGE, "/consents")
    yes = consents.Decision("marketing", granted=True)
    children = [child_of(portal_db, member(portal_db), "2018-03-04") for _ in range(2)]
    case = guardians_case(one, children[0], CallWish.CONSENT)
    with access.open(in_case(one, case), children[0], Purpose.CORRECT, look=look) as subject:
        consents.record(subject, yes)
    own = opened(one, children[1], CallWish.CONSENT)
    own = by_papers(one, own)
    with access.open(in_case(one, own), children[1], Purpose.CORRECT, look=look) as subject:
        with pytest.raises(ConsentRefused, match="under 14"):
            consents.record(subject, yes)
        consents.record(subject, consents.Decision("marketing", granted=False))
    with portal_db.work.data.connect() as connection:
        found = connection.execute(select(LIVE.consent).order_by(LIVE.consent.c.granted.desc()))
        rows = [(r.granted, r.decided_by, r.actor_id, r.case_id) for r in found]
    assert rows == [
        (True, "guardian", one.person, case.case_id), (False, "staff", one.person, own.case_id),
    ]  # fmt: skip
