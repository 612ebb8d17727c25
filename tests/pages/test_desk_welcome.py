"""The staff's first page says how much waits for them, and nothing of what isn't theirs (P28)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from db.words import RequestKind, StaffRole
from services import destruction, requests
from tests.people import NOW, agent, member
from tests.portal import portal, text_of
from tests.services.test_paper import YESTERDAY, holder, on_paper
from tests.services.test_requests import own

if TYPE_CHECKING:
    from tests.portal import Portal

__all__ = ["portal"]

LINE = '<a href="/desk-{}" target="_self">{}</a> <span class="jk-state{}">{}</span>'


def test_an_officer_sees_requests_matters_and_paper(portal: Portal) -> None:
    who = member(portal.db, records=(), values=())
    own(who, lambda s: requests.make(s, RequestKind.CLEARING, item="email"))
    holder(portal.db, on_paper(YESTERDAY), on_paper(YESTERDAY, date(2026, 8, 2)))
    destruction.run(portal.db.work, NOW)
    portal.sign_in(staff=agent(portal.db, StaffRole.OFFICER))
    shown = text_of(portal.open())
    assert LINE.format("queue", "결정할 요청", " jk-late", 1) in shown
    assert LINE.format("officer", "보호책임자 업무", " jk-late", 5) in shown
    assert LINE.format("destruction", "파기", " jk-late", 2) in shown


def test_an_agent_sees_the_requests_alone(portal: Portal) -> None:
    portal.sign_in(staff=agent(portal.db))
    shown = text_of(portal.open())
    assert LINE.format("queue", "결정할 요청", "", 0) in shown
    assert "/desk-officer" not in shown
    assert "/desk-destruction" not in shown
