"""`/contact` and `/desk-reports`: reporting, the answer, and finding it again (P35)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from db.tables.reports import report
from db.words import ReportKind, StaffRole
from services import report_pace, reports
from services.reports import Wish
from tests.people import NOW, acting, agent, member
from tests.portal import portal, statements, text_of

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

    from tests.portal import Portal

__all__ = ["portal", "statements"]

CONTACT, DESK = "public/contact.py", "desk/reports.py"
SAID = "주소가 잘못 쓰였어요"


def press(tab: AppTest, label: str) -> AppTest:
    return next(b for b in tab.button if b.label == label).click().run()


def count(one: Portal) -> int:
    with one.db.work.data.connect() as connection:
        return connection.scalar(select(func.count()).select_from(report)) or 0


@pytest.mark.promise("P35")
def test_somebody_signed_out_reports_and_the_desk_answers(portal: Portal) -> None:
    portal.token = "somebody's browser"
    tab = portal.open(CONTACT)
    shown = text_of(tab)
    assert "정종훈" in shown, "the officer is named"
    assert "10일 안에 답해 드려요" in shown
    assert "2029. 11. 22.까지 보관한 뒤 파기해요" in shown
    tab.text_area[0].set_value(SAID)
    tab = press(tab, "보내기")
    assert "비밀번호는 저희도 보관하지 않고" in text_of(tab)
    assert "답변 준비 중" in text_of(tab)
    with portal.db.work.data.connect() as connection:
        number = connection.scalar(select(report.c.number))
    assert str(number) in text_of(tab)

    desk = type(portal).on(portal.db, portal.monkeypatch)
    desk.sign_in(staff=agent(portal.db))
    screen = desk.open(DESK)
    assert str(number) in text_of(screen)
    screen = press(screen, "열기")
    assert SAID in text_of(screen)
    screen.text_area[0].set_value("고쳤어요")
    screen = press(screen, "답하고 마치기")
    assert "결과를 골라 주세요" in text_of(screen)
    assert screen.text_area[0].value == "고쳤어요"
    screen.radio[1].set_value("put_right")
    screen = press(screen, "답하고 마치기")
    assert "답할 글이 없어요" in text_of(screen)

    portal.monkeypatch.setattr("pages.components.gate.browser_token", lambda: portal.token)
    assert "고쳤어요" in text_of(tab.run()), "this tab still has number and secret"
    assert "바로잡음" in text_of(tab)


@pytest.mark.promise("P35")
def test_a_member_sees_their_report_and_adds_to_it(portal: Portal) -> None:
    portal.sign_in(member(portal.db))
    tab = portal.open(CONTACT)
    tab.text_area[0].set_value(SAID)
    tab = press(tab, "보내기")
    assert "비밀번호는 저희도" not in text_of(tab)
    assert SAID in text_of(tab)
    tab.text_area[1].set_value("하나 더 있어요")
    tab.button[-1].click().run()
    assert "글을 더했어요" in text_of(tab)
    assert "하나 더 있어요" in text_of(tab)


def test_a_number_and_a_secret_open_a_report_in_another_tab(portal: Portal) -> None:
    with portal.db.web.data.begin() as connection:
        given = reports.make(connection, None, Wish(ReportKind.QUESTION, SAID), "ko", NOW)
    tab = portal.open(CONTACT)
    tab.text_input[1].set_value(given.number.lower())
    tab.text_input[2].set_value("0")
    tab = press(tab, "보기")
    assert "맞는 글이 없어요" in text_of(tab)
    assert tab.text_input[1].value == given.number.lower()
    tab.text_input[2].set_value(given.secret)
    assert SAID in text_of(press(tab, "보기"))


@pytest.mark.parametrize("typed", ["", "   "], ids=["nothing", "blank"])
def test_nothing_is_sent_without_words(portal: Portal, typed: str) -> None:
    tab = portal.open(CONTACT)
    tab.text_area[0].set_value(typed)
    assert "내용을 적어 주세요" in text_of(press(tab, "보내기"))
    assert count(portal) == 0


def test_what_is_not_taken_stays_in_the_form(portal: Portal) -> None:
    portal.token = "one browser"
    with portal.db.web.keys.begin() as keys:
        from services.house import house  # noqa: PLC0415

        for _ in range(3):
            report_pace.count(keys, house().keyring, portal.token, None, NOW)
    tab = portal.open(CONTACT)
    tab.text_area[0].set_value(SAID)
    tab = press(tab, "보내기")
    assert "방금 여러 번 보내셨어요" in text_of(tab)
    assert tab.text_area[0].value == SAID
    assert count(portal) == 0


def test_the_desk_shows_a_page_at_a_time(portal: Portal, statements: list[str]) -> None:
    with portal.db.web.data.begin() as connection:
        for _ in range(25):
            reports.make(connection, None, Wish(ReportKind.QUESTION, SAID), "ko", NOW)
    portal.sign_in(staff=agent(portal.db, StaffRole.OFFICER))
    tab = portal.open(DESK)
    assert text_of(tab).count("jk-code") == 20
    statements.clear()
    tab = press(tab, "뒤쪽 보기")
    assert text_of(tab).count("jk-code") == 5
    # Twice: the press, and the run that it starts. The session's row, the numbers and the rows.
    assert len(statements) == 2 * 3, statements
    assert text_of(press(tab, "앞쪽 보기")).count("jk-code") == 20


@pytest.mark.parametrize("many", [0, 5])
def test_the_contact_page_asks_the_same_however_much_was_reported(
    portal: Portal, statements: list[str], many: int
) -> None:
    one = member(portal.db)
    portal.sign_in(one)
    for _ in range(many):
        with portal.db.web.data.begin() as connection:
            reports.make(connection, acting(one), Wish(ReportKind.QUESTION, SAID), "ko", NOW)
    tab = portal.open(CONTACT)
    statements.clear()
    tab.run()
    # The session's row, the subject and their reports; of one its thread (twice two) and key.
    assert len(statements) == (3 if not many else 6), statements
