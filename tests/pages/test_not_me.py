"""`/history`: “That wasn't me” on what staff did, said before, done at once, followed up (P31)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

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

    from tests.portal import Portal

__all__ = ["portal", "statements"]

HISTORY = "member/history.py"
SEEN = access.Look(EventName.PROFILE_VIEWED, Permission.PROFILE_READ, items=("email",))


def looked_at(one: Portal, who: UUID, times: int = 1) -> UUID:
    """Let staff look in a case of a caller; return whose staff it was."""
    staff = agent(one.db)
    case = open_case(
        one.db, staff, who, kind="call", case_no="261122-ABCD", channel="phone", caller="self",
        asked=["see"], due_on=NOW.date(), verified_by="mobile_code", verified_at=NOW,
        permissions=["profile_read"],
    )  # fmt: skip
    actor = acting(staff, kind=ActorKind.STAFF, role=StaffRole.AGENT)
    for _ in range(times):
        with access.open(actor, who, Purpose.SHOW, case, look=SEEN):
            pass
    return staff


@pytest.mark.promise("P31", "P35")
def test_one_press_and_a_confirmation_stop_it(portal: Portal) -> None:
    me = member(portal.db)
    looked_at(portal, me, 3)
    portal.sign_in(me)
    tab = portal.open(HISTORY)
    shown = text_of(tab)
    said = [b.label for b in tab.button if "제가 아니에요" in b.label]
    assert len(said) == 1, "one button of a case, which its lines name"
    assert "261122-ABCD" in said[0]
    assert "상담 261122-ABCD · 본인 확인: 등록된 휴대전화로 인증번호" in shown
    tab = next(b for b in tab.button if "제가 아니에요" in b.label).click().run()
    assert "상담이 바로 멈춰요" in text_of(tab)
    assert "10일 안에" in text_of(tab)
    with portal.db.work.data.connect() as connection:
        assert connection.scalar(select(ops.case.c.suspended_at)) is None, "not before it is sure"
    tab = tab.button(key="not_me_yes").click().run()
    assert "2026. 12. 2.까지 답해 드려요" in text_of(tab).replace("&nbsp;", " ")
    assert not [b for b in tab.button if "제가 아니에요" in b.label]
    with portal.db.work.data.connect() as connection:
        assert connection.scalar(select(ops.case.c.suspended_at)) == NOW
        number = connection.scalar(select(report.c.number))
    assert str(number) in text_of(tab.switch_page("public/contact.py").run())


def test_who_asked_for_it_changes_nothing(portal: Portal) -> None:
    me = member(portal.db)
    looked_at(portal, me)
    portal.sign_in(me)
    tab = portal.open(HISTORY)
    tab = next(b for b in tab.button if "제가 아니에요" in b.label).click().run()
    tab = tab.button(key="not_me_no").click().run()
    assert "상담이 바로 멈춰요" not in text_of(tab)
    with portal.db.work.data.connect() as connection:
        assert connection.scalar(select(ops.case.c.suspended_at)) is None


def test_a_guardian_says_it_for_the_child(portal: Portal) -> None:
    me = member(portal.db)
    child = child_of(portal.db, me, "2018-03-04")
    looked_at(portal, child)
    portal.sign_in(me)
    tab = portal.open().button(key="child_1").click().run().switch_page(HISTORY).run()
    tab = next(b for b in tab.button if "제가 아니에요" in b.label).click().run()
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
