"""`/desk-bars` and the member's own bar, as they are seen (P40)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from db.tables.bars import bar
from db.tables.ledger import event
from db.words import StaffRole
from tests.leaving import leave
from tests.people import NOW, PLAIN, agent, child_of, member, portal_house
from tests.portal import portal, statements, text_of
from tests.services.test_bars import work
from tests.services.test_joining import LAST, OWN, bar_on, may

if TYPE_CHECKING:
    from uuid import UUID

    from streamlit.testing.v1 import AppTest

    from tests.portal import Portal

__all__ = ["portal", "statements"]

pytestmark = pytest.mark.promise("P40")
DESK, MINE, HISTORY = "desk/bars.py", "member/requests.py", "member/history.py"
LEAVE, STATUS = "member/leave.py", "public/status.py"
VALUES = [PLAIN[name] for name in ("name", "email", "mobile", "login_id", "birth_date")]


def opened(portal: Portal, who: UUID | None = None, *, verified: bool = True) -> AppTest:
    staff = who or agent(portal.db, StaffRole.OFFICER)
    portal.sign_in(staff=staff, verified=NOW if verified else None)
    return portal.open(DESK)


def press(tab: AppTest, label: str) -> str:
    next(b for b in tab.button if b.label == label).click().run()
    assert not tab.exception
    return text_of(tab)


def fill(tab: AppTest, typed: str, why: str | None = "harassment", on: date | None = LAST) -> str:
    tab.text_input[0].set_value(typed)
    tab.radio[-1].set_value(why)
    tab.date_input[0].set_value(on)
    return press(tab, "제한하기")


def number(portal: Portal) -> str:
    with portal.db.owner_data.connect() as data:
        digits = data.execute(select(bar.c.bar_id)).scalar_one().hex.upper()
    return f"{digits[:4]}-{digits[4:8]}"


def test_an_officer_places_a_bar_and_lifts_it(portal: Portal) -> None:
    who = member(portal.db)
    tab = opened(portal)
    assert "제한한 회원이 없어요" in text_of(tab)
    shown = fill(tab, PLAIN["email"])
    assert number(portal) in shown
    assert "회원에게 알려 드려요" in shown
    assert tab.text_input[0].value == ""
    work(portal.db)
    shown = text_of(tab.run())
    assert "다른 회원을 괴롭힘" in shown
    assert "알아보는 값: 이메일, 휴대전화, 로그인 아이디, 이름과 생년월일" in shown
    assert not [value for value in (*VALUES, str(who)) if value in shown]
    assert not may(portal.db, OWN)
    assert "제한을 풀었어요" in press(tab, "제한 풀기")
    assert may(portal.db, OWN)
    assert "제한 풀기" not in [b.label for b in tab.button]
    assert "에 풀었어요" in text_of(tab.run())


def test_without_a_reason_or_a_day_nobody_is_looked_for(portal: Portal) -> None:
    member(portal.db)
    tab = opened(portal)
    for typed, why, on in (
        (PLAIN["email"], None, LAST), (PLAIN["email"], "deceit", None), ("  ", "deceit", LAST),
    ):  # fmt: skip
        assert 'role="alert"' in fill(tab, typed, why, on)
        assert tab.text_input[0].value == typed
    assert "똑같이 일치하는 회원이 없어요" in fill(tab, "nobody@example.com")
    with portal.db.owner_data.connect() as data:
        names = data.scalars(select(event.c.name)).all()
        assert [n for n in names if n.startswith("bar_")] == ["bar_sought"]
        assert data.execute(select(bar)).all() == []


def test_the_page_opens_for_officers_only_and_acts_after_a_confirmation(portal: Portal) -> None:
    bar_on(portal.db, member(portal.db))
    for tab in (opened(portal, agent(portal.db)), opened(portal, verified=False)):
        assert not tab.text_input
        assert "제한 풀기" not in [b.label for b in tab.button]
    assert [b.key for b in tab.button if b.key == "verify_bars"]
    portal.sign_in(member(portal.db, values=()))
    assert "이 화면은 볼 수 없어요" in text_of(portal.open(DESK))


def test_a_member_sees_why_and_objects_and_another_officer_answers(portal: Portal) -> None:
    who, first = member(portal.db), agent(portal.db, StaffRole.OFFICER)
    second = agent(portal.db, StaffRole.OFFICER)
    fill(opened(portal, first), PLAIN["login_id"])
    work(portal.db)
    portal.sign_in(who)
    assert "다시 가입 제한" in text_of(portal.open())
    tab = portal.open(MINE)
    shown = text_of(tab)
    for piece in ("다른 회원을 괴롭힘", "2026. 12. 22.까지", number(portal), "지금 계정은 그대로",
                  "알아보는 값", "/contact"):  # fmt: skip
        assert piece in shown
    shown = press(tab, "다시 가입 제한에 이의 제기하기")
    assert "2026. 12. 2.까지 답해 드려요" in shown
    assert "다시 가입 제한에 이의 제기하기" not in [b.label for b in tab.button]
    tab = opened(portal, first)
    waits = text_of(portal.open()).split('href="/desk-bars"')[1]
    assert waits.split("</li>")[0].endswith('jk-late">1</span>')
    shown = text_of(tab)
    assert "답을 기다리는 이의가 1건" in shown
    assert "10일 남았어요" in shown
    assert "직접 정한 제한이라서" in shown
    assert "그대로 두기" not in [b.label for b in tab.button]
    tab = opened(portal, second)
    assert "이유를 골라 주세요" in press(tab, "그대로 두기")
    tab.radio[0].set_value("happened_again")
    assert "제한을 그대로 두었어요" in press(tab, "그대로 두기")
    work(portal.db)
    portal.sign_in(who)
    shown = text_of(portal.open(MINE))
    assert "이의를 다시 살펴봤지만 그대로예요: 같은 일이 되풀이됐어요" in shown
    shown = text_of(portal.open(HISTORY))
    for piece in ("다시 가입을 제한했어요", "이의를 제기했어요", "그대로 두었어요"):
        assert piece in shown


def test_an_objection_by_phone_is_noted_and_shown_to_who_left(portal: Portal) -> None:
    who, first = member(portal.db), agent(portal.db, StaffRole.OFFICER)
    bar_on(portal.db, who, placed_by=first)
    portal.sign_in(who, verified=NOW)
    shown = text_of(portal.open(LEAVE))
    assert "2026. 12. 22.까지 다시 가입하실 수 없어요" in shown
    made = leave(portal.db, who)
    portal_house(portal.db)
    assert "적어 두었어요" in press(opened(portal, first), "전화나 편지로 온 이의 적기")
    portal.token = None
    tab = portal.open(STATUS)
    for widget, value in zip(tab.text_input, (made.number, made.secret), strict=True):
        widget.set_value(value)
    shown = press(tab, "확인하기")
    for piece in ("2026. 12. 22.까지 다시 가입하실 수 없어요", "결제나 주문을 속임", number(portal),
                  "이의를 받았어요", "2026. 12. 2.까지 답해 드려요", "/contact"):  # fmt: skip
        assert piece in shown


def test_who_leaves_without_a_bar_hears_nothing_of_one(portal: Portal) -> None:
    who = member(portal.db)
    portal.sign_in(who, verified=NOW)
    assert "다시 가입" not in text_of(portal.open(LEAVE))


def test_a_late_answer_is_seen_to_be_late(portal: Portal) -> None:
    bar_on(portal.db, member(portal.db))
    with portal.db.work.data.begin() as data:
        data.execute(update(bar).values(objected_at=NOW - timedelta(days=12)))
    shown = text_of(opened(portal))
    assert "jk-late" in shown
    assert "2일 늦었어요" in shown


def test_what_is_too_little_to_go_by_is_said(portal: Portal) -> None:
    from db.drafts import ValueDraft  # noqa: PLC0415

    bar_on(portal.db, member(portal.db, values=(ValueDraft("mobile", PLAIN["mobile"]),)))
    assert "이것만으로는 가입을 막지 못해요" in text_of(opened(portal))


def test_how_often_was_asked_is_shown(portal: Portal) -> None:
    bar_on(portal.db, member(portal.db))
    may(portal.db, OWN)
    may(portal.db, {"email": "nobody@example.com"})
    shown = text_of(opened(portal))
    assert "가입 화면이 2번 물었어요" in shown
    assert "가입할 수 없다고 답한 것은 1번" in shown


def test_who_has_no_bar_sees_nothing_of_it(portal: Portal) -> None:
    bar_on(portal.db, member(portal.db))
    portal.sign_in(member(portal.db, values=()))
    for page in (None, MINE):
        assert "다시 가입 제한" not in text_of(portal.open(page))


def test_a_guardian_sees_a_childs_bar_and_objects(portal: Portal) -> None:
    guardian = member(portal.db)
    child = child_of(portal.db, guardian, "2017-01-02")
    bar_on(portal.db, child)
    portal.sign_in(guardian)
    tab = portal.open()
    next(b for b in tab.button if b.key == "child_1").click().run()
    tab.switch_page(MINE).run()
    assert "아이의 계정은 그대로" in text_of(tab)
    assert "이의를 받았어요" in press(tab, "다시 가입 제한에 이의 제기하기")


def test_the_pages_ask_as_often_for_many_bars(portal: Portal, statements: list[str]) -> None:
    tab, counts = opened(portal), []
    for many in (0, 1, 5):
        for _ in range(many):
            bar_on(portal.db, member(portal.db, values=()))
        statements.clear()
        tab.run()
        counts.append(len([s for s in statements if not s.startswith("SET")]))
    assert len(set(counts)) == 1
    assert counts[0] <= 6, statements
