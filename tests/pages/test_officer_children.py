"""`/desk-officer`, children: those whom nobody may act for, awake and asleep, and what is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from db.tables.member import DORMANT, LIVE
from db.words import StaffRole
from services import reference, unguarded
from tests.pages.test_officer_demands import press, section
from tests.people import PLAIN, agent, member
from tests.portal import portal, statements, text_of
from tests.services.test_custody import in_store, sleeping
from tests.services.test_lifting import stopped

if TYPE_CHECKING:
    from tests.portal import Portal

__all__ = ["portal", "statements"]

pytestmark = pytest.mark.promise("P29")


def test_a_sleeping_child_is_seen_to_on_screen(portal: Portal) -> None:
    guardian = member(portal.db)
    child = stopped(portal.db, DORMANT, guardian)
    tab = section(portal, agent(portal.db, StaffRole.OFFICER), "children")
    shown = text_of(tab)
    assert "<dt>이용 중</dt><dd>0</dd>" in shown
    assert "<dt>휴면 중</dt><dd>1</dd>" in shown
    assert reference.for_desk(child) in shown
    assert "휴면 중인 아이의 계정은 그대로 휴면이에요" in shown
    before = " ".join(one.value for one in tab.caption)
    assert "나중 날짜부터로 적은 것까지 모두 끝나요" in before
    assert not any(value in shown for value in (*PLAIN.values(), str(child)))
    shown = press(tab, "정지된 보호자 모두 다시 대신하게 하기")
    assert "아이가 계정을 다시 쓰면" in shown
    assert "모든 아이에게" in shown
    assert in_store(portal.db, DORMANT, child)[0].suspended_until is not None
    assert in_store(portal.db, LIVE, child) == []


def test_an_officer_of_the_family_is_told_that_nothing_changed(portal: Portal) -> None:
    guardian = member(portal.db)
    child = stopped(portal.db, DORMANT, guardian)
    own = agent(portal.db, StaffRole.OFFICER, own_membership=guardian)
    tab = section(portal, own, "children")
    for label in ("정지된 보호자 모두 다시 대신하게 하기", "확인함: 아이를 돌보는 사람이 있음"):
        shown = press(tab, label)
        assert "바뀐 것이 없어요" in shown
        assert reference.for_desk(child) in shown
    assert in_store(portal.db, DORMANT, child)[0].suspended_until is None


def test_many_are_counted_shown_by_pages_and_asked_for_once(
    portal: Portal, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unguarded, "PAGE_ROWS", 2)
    staff = agent(portal.db, StaffRole.OFFICER)
    tab = section(portal, staff, "children")
    statements.clear()
    tab.run()
    nobody = len(statements)
    children = {reference.for_desk(sleeping(portal.db)) for _ in range(3)}
    statements.clear()
    tab.run()
    assert len(statements) == nobody <= 16, statements
    shown = text_of(tab)
    assert "<dt>휴면 중</dt><dd>3</dd>" in shown
    first = {name for name in children if name in shown}
    tab.session_state["jk_page_alone"] = 2
    second = {name for name in children if name in text_of(tab.run())}
    assert (len(first), len(second), first | second) == (2, 1, children)


def test_when_the_last_page_is_empty_the_one_before_is_shown(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unguarded, "PAGE_ROWS", 2)
    tab = section(portal, agent(portal.db, StaffRole.OFFICER), "children")
    children = {reference.for_desk(sleeping(portal.db)) for _ in range(3)}
    tab.session_state["jk_page_alone"] = 2
    tab.run()
    shown = press(tab, "확인함: 아이를 돌보는 사람이 있음")
    assert "<dt>휴면 중</dt><dd>2</dd>" in shown
    assert sum(name in shown for name in children) == 2
