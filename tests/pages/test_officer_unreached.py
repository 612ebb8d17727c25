"""`/desk-officer`, not reached: how many stay awake, by the desk's own names, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from db.words import RequestKind, StaffRole
from services import reference, requests
from tests.pages.test_officer_demands import press, section
from tests.people import NOW, PLAIN, agent, member
from tests.portal import portal, text_of
from tests.services.test_dormancy import accept, told
from tests.services.test_requests import own

if TYPE_CHECKING:
    from tests.portal import Portal

__all__ = ["portal"]

pytestmark = pytest.mark.promise("P10")


def test_who_bounced_is_listed_without_a_value(portal: Portal) -> None:
    who = told(portal.db)
    accept(portal.db, bounced_at=NOW)
    tab = section(portal, agent(portal.db, StaffRole.OFFICER), "unreached")
    shown = text_of(tab)
    assert "<dt>닿지 않은 휴면 알림</dt><dd>1</dd>" in shown
    assert "이메일이 되돌아왔어요" in shown
    assert reference.for_desk(who) in shown
    assert not any(value in shown for value in (*PLAIN.values(), str(who)))


def test_nobody_is_said_so(portal: Portal) -> None:
    member(portal.db)
    tab = section(portal, agent(portal.db, StaffRole.OFFICER), "unreached")
    assert "알림이 모두 닿았어요" in text_of(tab)


def test_whoever_takes_their_request_in_hand_is_reminded_to_ask(portal: Portal) -> None:
    who = told(portal.db)
    own(who, lambda s: requests.make(s, RequestKind.CLEARING, item="email"))
    portal.sign_in(staff=agent(portal.db), verified=NOW)
    assert "휴면 알림이 닿지 않았어요" not in press(portal.open("desk/queue.py"), "맡기")
    accept(portal.db, bounced_at=NOW)
    portal.later(minutes=31)
    portal.sign_in(staff=agent(portal.db), verified=portal.now)
    assert "휴면 알림이 닿지 않았어요" in press(portal.open("desk/queue.py"), "맡기")
