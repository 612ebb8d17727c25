"""`/history`: “That wasn't me” on what staff did, said before, done at once, followed up (P31)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from db.tables import ops
from db.tables.reports import report
from db.words import ActorKind, Purpose, StaffRole
from services import access
from services.actor import Permission
from services.ledger import EventName
from tests.people import NOW, acting, agent, child_of, member, open_case
from tests.portal import portal, statements, text_of

if TYPE_CHECKING:
    from uuid import UUID

    from streamlit.testing.v1 import AppTest
    from streamlit.testing.v1.element_tree import Button

    from tests.portal import Portal

__all__ = ["portal", "statements"]

HISTORY = "member/history.py"
SEEN = access.Look(EventName.PROFILE_VIEWED, Permission.PROFILE_READ, items=("email",))


def looked_at(one: Portal, who: UUID, times: int = 1, no: str = "261122-ABCD") -> UUID:
    """Let staff look in a case of a caller; return whose staff it was."""
    staff = agent(one.db)
    case = open_case(
        one.db, staff, who, kind="call", case_no=no, channel="phone", caller="self",
        asked=["see"], due_on=NOW.date(), verified_by="mobile_code", verified_at=NOW,
        permissions=["profile_read"],
    )  # fmt: skip
    actor = acting(staff, kind=ActorKind.STAFF, role=StaffRole.AGENT)
    for _ in range(times):
        with access.open(actor, who, Purpose.SHOW, case, look=SEEN):
            pass
    return staff


def buttons(tab: AppTest) -> list[Button]:
    return [b for b in tab.button if "제가 아니에요 (" in b.label]


REPORTED = "알렸어요: 제가 아니에요"


@pytest.mark.promise("P31", "P35")
@pytest.mark.parametrize("which", [0, 2], ids=["newest", "oldest"])
def test_one_press_on_any_line_and_a_confirmation_stop_the_case(portal: Portal, which: int) -> None:
    me = member(portal.db)
    looked_at(portal, me, 3)
    portal.sign_in(me)
    tab = portal.open(HISTORY)
    shown = text_of(tab)
    assert len(buttons(tab)) == 3, "on each line that staff made in a case"
    assert all("12:00" in b.label for b in buttons(tab))
    assert "상담 261122-ABCD · 본인 확인: 등록된 휴대전화로 인증번호" in shown
    tab = buttons(tab)[which].click().run()
    assert "상담이 바로 멈춰요" in text_of(tab)
    assert "상담 261122-ABCD에서 한 모든 일" in text_of(tab)
    assert "10일 안에" in text_of(tab)
    with portal.db.work.data.connect() as connection:
        assert connection.scalar(select(ops.case.c.suspended_at)) is None, "not before it is sure"
    tab = tab.button(key="not_me_yes").click().run()
    shown = text_of(tab).replace("&nbsp;", " ")
    assert "2026. 12. 2.까지 답해 드려요" in shown
    assert not buttons(tab)
    assert shown.count(REPORTED) == 3, "each line of the case says so"
    with portal.db.work.data.connect() as connection:
        assert connection.scalar(select(ops.case.c.suspended_at)) == NOW
        number = connection.scalar(select(report.c.number))
    assert str(number) in text_of(tab.switch_page("public/contact.py").run())


def test_other_cases_and_what_others_did_are_not_reported_with_it(portal: Portal) -> None:
    me = member(portal.db)
    looked_at(portal, me, no="261122-ABCD")
    with portal.db.work.data.begin() as connection:
        connection.execute(update(ops.case).values(closed_at=NOW, permissions=[]))
    looked_at(portal, me, 2, no="261122-EFGH")
    portal.sign_in(me)
    tab = portal.open(HISTORY)
    assert len(buttons(tab)) == 3
    tab = buttons(tab)[0].click().run()
    assert "상담 261122-EFGH에서 한 모든 일" in text_of(tab)
    tab = tab.button(key="not_me_yes").click().run()
    assert len(buttons(tab)) == 1
    assert text_of(tab).count(REPORTED) == 2


def test_who_asked_for_it_changes_nothing(portal: Portal) -> None:
    me = member(portal.db)
    looked_at(portal, me)
    portal.sign_in(me)
    tab = portal.open(HISTORY)
    tab = buttons(tab)[0].click().run()
    tab = tab.button(key="not_me_no").click().run()
    assert "상담이 바로 멈춰요" not in text_of(tab)
    assert REPORTED not in text_of(tab)
    with portal.db.work.data.connect() as connection:
        assert connection.scalar(select(ops.case.c.suspended_at)) is None


def test_a_guardian_says_it_for_the_child(portal: Portal) -> None:
    me = member(portal.db)
    child = child_of(portal.db, me, "2018-03-04")
    looked_at(portal, child)
    portal.sign_in(me)
    tab = portal.open().button(key="child_1").click().run().switch_page(HISTORY).run()
    tab = buttons(tab)[0].click().run()
    tab = tab.button(key="not_me_yes").click().run()
    with portal.db.work.data.connect() as connection:
        row = connection.execute(select(report)).one()
    assert (row.member_id, row.about_id) == (me, child)
    assert row.number in text_of(tab)


def test_the_page_asks_the_same_with_and_without_cases(
    portal: Portal, statements: list[str]
) -> None:
    me, other = member(portal.db), member(portal.db)
    looked_at(portal, me, 5)
    counts = []
    for who in (me, other):
        portal.sign_in(who)
        tab = portal.open(HISTORY)
        statements.clear()
        tab.run()
        counts.append(len(statements))
    assert counts[0] == counts[1]
