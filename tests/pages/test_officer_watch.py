"""`/desk-officer`: what is late, unusual or unsaid, each with what closes it (P28)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import insert, select

from db.tables.ledger import event
from db.tables.watching import access_review, watch_finding
from db.words import ReportKind, StaffRole
from services import reports, watching
from services.reports import Wish
from tests.people import NOW, agent
from tests.portal import portal, text_of
from tests.services.test_watching import NIGHT

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

    from tests.portal import Portal

__all__ = ["portal"]


def section(one: Portal, name: str) -> AppTest:
    tab = one.open("desk/officer.py")
    tab.pills[0].set_value(name).run()
    return tab


@pytest.mark.promise("P28")
def test_what_is_late_leads_to_where_it_is_closed(portal: Portal) -> None:
    with portal.db.web.data.begin() as connection:
        reports.make(connection, None, Wish(ReportKind.LEAK, "x"), "ko", NOW)
    portal.later(days=11)
    agent(portal.db, trained_until=None)
    portal.sign_in(staff=agent(portal.db, StaffRole.OFFICER))
    tab = section(portal, "overdue")
    shown = text_of(tab)
    assert "마쳐야 할 일이 2건 있어요" in shown
    assert 'href="/desk-reports"' in shown
    assert 'href="/desk-staff"' in shown
    assert 'href="/desk-cases"' not in shown


def test_where_nobody_looked_the_review_says_so(portal: Portal) -> None:
    portal.sign_in(staff=agent(portal.db, StaffRole.OFFICER), verified=NOW)
    shown = text_of(section(portal, "unusual"))
    assert "아직 회원 정보를 본 직원이 없어요" in shown
    assert "그 뒤로" not in shown


@pytest.mark.promise("P28")
def test_unusual_access_is_closed_and_the_review_confirmed(portal: Portal) -> None:
    who = agent(portal.db)
    row = {"at": NIGHT, "name": "profile_viewed", "allowed": True, "actor_kind": "staff",
           "actor_id": who, "member_id": uuid4()}  # fmt: skip
    with portal.db.work.data.begin() as connection:
        connection.execute(insert(event).values(row))
        watching.run(connection, NOW)
    officer = agent(portal.db, StaffRole.OFFICER)
    portal.sign_in(staff=officer, verified=NOW)
    tab = section(portal, "unusual")
    assert "업무 시간 밖에 봄" in text_of(tab)
    assert "아직 점검 안 함" in text_of(tab)
    tab.radio[0].set_value("explained")
    tab = next(b for b in tab.button if "close_unusual" in str(b.key)).click().run()
    assert "이상한 열람이 없어요" in text_of(tab)
    tab.text_area[0].set_value("이상 없음")
    tab = next(b for b in tab.button if "review_access" in str(b.key)).click().run()
    assert "다음 점검 2026. 12. 22.까지" in text_of(tab)
    with portal.db.work.data.connect() as connection:
        assert connection.execute(select(watch_finding)).one().closed_by == officer
        assert connection.execute(select(access_review)).one().note == "이상 없음"


@pytest.mark.promise("P28")
def test_what_the_policy_leaves_open_is_listed(portal: Portal) -> None:
    portal.sign_in(staff=agent(portal.db, StaffRole.OFFICER))
    shown = text_of(section(portal, "gaps"))
    assert "따로 옮긴 정보를 언제까지 두는지" in shown
    assert "다음 방침에 적고 미리 알리면" in shown
