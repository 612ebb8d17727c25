"""Legal holds on the officer's desk: placed after a preview, listed without a name, lifted."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select

from db.tables.keeping import hold
from db.tables.ledger import event
from db.words import StaffRole
from tests.pages.test_officer_demands import press
from tests.pages.test_officer_destruction import PAGE
from tests.people import NOW, PLAIN, agent, member
from tests.portal import portal, text_of

if TYPE_CHECKING:
    from typing import Any

    from streamlit.testing.v1 import AppTest

    from tests.portal import Portal

__all__ = ["portal"]


def section(portal: Portal, *, verified: bool = True) -> AppTest:
    who = agent(portal.db, StaffRole.OFFICER)
    portal.sign_in(staff=who, verified=NOW if verified else None)
    tab = portal.open(PAGE)
    tab.pills[0].set_value("holds").run()
    return tab


def fill(tab: AppTest, typed: str, reference: str = "2026가단1") -> str:
    for widget, value in zip(tab.text_input, (typed, reference), strict=True):
        widget.set_value(value)
    tab.radio[0].set_value("lawsuit")
    tab.date_input[0].set_value(date(2028, 1, 1))
    return press(tab, "무엇이 남는지 보기")


def rows(portal: Portal, what: Any) -> list[Any]:  # noqa: ANN401
    with portal.db.work.data.connect() as connection:
        return list(connection.execute(select(what)).all())


def test_a_member_is_held_after_a_preview_and_named_by_nothing(portal: Portal) -> None:
    who = member(portal.db)
    tab = section(portal)
    assert "보류한 정보가 없어요" in text_of(tab)
    shown = fill(tab, PLAIN["email"])
    assert "이 보류로 남는 정보" in shown
    assert "방문" in shown
    assert rows(portal, hold) == []
    shown = press(tab, "이대로 보류하기")
    assert "보류했어요" in shown
    assert "보류가 1건 있어요" in shown
    assert "2026가단1" in shown
    typed = [widget.value for widget in tab.text_input]
    assert not any(value in shown or value in typed for value in (*PLAIN.values(), str(who)))
    [row] = rows(portal, hold)
    assert (row.member_id, row.why, row.ends_on) == (who, "lawsuit", date(2028, 1, 1))
    tab.selectbox[0].set_value(1)
    assert "보류를 풀었어요" in press(tab, "보류 풀기")
    assert [row.lifted_at for row in rows(portal, hold)] == [NOW]
    names = [one.name for one in rows(portal, event) if one.member_id == who]
    assert names == ["hold_sought", "hold_placed", "hold_lifted"]


def test_what_was_looked_at_need_not_be_placed(portal: Portal) -> None:
    member(portal.db)
    tab = section(portal)
    fill(tab, PLAIN["login_id"])
    assert "보류하지 않았어요" in press(tab, "보류하지 않기")
    assert rows(portal, hold) == []


def test_what_is_wrong_is_said_and_nobody_is_looked_for(portal: Portal) -> None:
    member(portal.db)
    tab = section(portal)
    for typed in (PLAIN["email"], "nobody@example.com"):
        assert "사건 번호만 적어 주세요" in fill(tab, typed, "홍길순 사건")
    assert rows(portal, event) == []
    assert "정확히 맞는 회원이 없어요" in fill(tab, "nobody@example.com")
    assert [row.member_id for row in rows(portal, event)] == [None]


def test_who_has_not_confirmed_sees_the_list_and_the_button(portal: Portal) -> None:
    tab = section(portal, verified=False)
    assert "보류한 정보가 없어요" in text_of(tab)
    assert [b.label for b in tab.button if b.key == "verify_holds"]
    assert not tab.text_input
