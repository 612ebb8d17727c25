"""Stopping, one's own requests and the desk's queue, as they are seen (P32)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from db.settings import settings
from db.tables.ledger import event
from db.words import Purpose, RefusalReason, ReportKind, RequestKind
from pages.http import evidence as route
from pages.http.names import SESSION_COOKIE
from services import access, deciding, evidence, reports, requests, restriction
from services.house import house
from services.ledger import EventName
from services.reports import Wish
from tests.people import NOW, PLAIN, acting, agent, child_of, member
from tests.portal import keyed, portal, statements, text_of
from tests.services.test_requests import PNG, WORDS, correction, in_case, own, purchase, take
from tests.signing_in import Http

if TYPE_CHECKING:
    from tests.portal import Portal

__all__ = ["portal", "statements"]

STOP, MINE, QUEUE = "member/stop.py", "member/requests.py", "desk/queue.py"


def test_before_a_stop_it_is_said_what_changes_what_goes_on_and_until_when(portal: Portal) -> None:
    one = member(portal.db, records=(purchase(NOW.date()),))
    portal.sign_in(one)
    tab = portal.open(STOP)
    assert "멈춰 있는 것이 없어요" in text_of(tab)
    tab.selectbox[0].select("contract").run()
    shown = text_of(tab)
    assert "2026. 12. 6.까지 이어지고 그다음 멈춰요" in shown
    assert "최근 구매가 있어서" in shown
    assert "2026. 12. 2.까지 결정해서" in shown
    assert own(one, restriction.in_force) == ()
    tab.button(key="stop").click().run()
    shown = text_of(tab)
    assert 'role="status">멈췄어요' in shown
    assert "결정하는 동안에도 이미 멈춰 있어요" in shown
    assert not any(button.key == "stop" for button in tab.button)
    tab.button(key="lift_0").click().run()
    assert "다시 시작했어요" in text_of(tab)
    assert own(one, restriction.in_force) == ()


@pytest.mark.promise("P32")
def test_how_often_a_use_was_kept_away_is_seen(portal: Portal) -> None:
    one = member(portal.db)
    correction(one)
    look = access.Look(EventName.PROFILE_VIEWED)
    for _ in range(3):
        with access.open(acting(one), one, Purpose.DELIVERY, look=look) as subject:
            assert not subject.may_use("name")
    portal.sign_in(one)
    for page in (STOP, None):
        shown = text_of(portal.open(page))
        assert "이름: 바로잡는 중" in shown
        assert "2026. 11. 22. 이후 3번 막음" in shown


def test_the_overview_names_open_requests_and_stops_in_one_statement(
    portal: Portal, statements: list[str]
) -> None:
    one = member(portal.db)
    portal.sign_in(one)
    tab = portal.open()
    statements.clear()
    assert "open-matters" in text_of(tab.run())
    before = len(statements)
    correction(one)
    own(one, lambda s: restriction.stop(s, "marketing"))
    statements.clear()
    shown = text_of(tab.run())
    assert len(statements) == before
    assert "정정 요청 · 이름" in shown
    assert "마케팅과 광고" in shown
    assert 'href="/stop"' in shown


def test_a_refused_request_says_why_and_how_to_object(portal: Portal) -> None:
    one, staff = member(portal.db), agent(portal.db)
    made = correction(one)
    case = take(portal.db, staff, one, made)
    in_case(staff, case, lambda s: deciding.refuse(s, RefusalReason.PROOF_MISSING, WORDS))
    portal.sign_in(one)
    tab = portal.open(MINE)
    shown = text_of(tab)
    for words in ("거절", WORDS, "확인할 자료가", "제36조제5항", "privacy.kisa.or.kr"):
        assert words in shown, words
    tab.text_area[0].set_value("다시 봐 주세요")
    next(b for b in tab.button if b.label.startswith("이의 제기하기")).click().run()
    shown = text_of(tab)
    assert "이의 제기를 받았어요" in shown
    assert [r.kind for r in own(one, requests.mine)] == [RequestKind.OBJECTION, "correction"]
    assert not any(b.label.startswith("이의 제기하기") for b in tab.button)


def test_a_request_is_taken_back_with_one_button(portal: Portal) -> None:
    one = member(portal.db)
    correction(one)
    portal.sign_in(one)
    tab = portal.open(MINE)
    assert "10일 남았어요" in text_of(tab)
    next(b for b in tab.button if b.label.startswith("거둬들이기")).click().run()
    assert "거둬들였어요" in text_of(tab)
    assert own(one, requests.mine)[0].state == "taken_back"


def test_a_guardian_stops_for_the_child(portal: Portal) -> None:
    guardian = member(portal.db)
    child = child_of(portal.db, guardian, "2018-03-04")
    portal.sign_in(guardian)
    tab = portal.open().button(key="child_1").click().run()
    tab = tab.switch_page(STOP).run()
    assert "아이의 정보를 쓰지 않게" in text_of(tab)
    tab.selectbox[0].select("all").run()
    tab.button(key=keyed(tab, "stop")).click().run()
    assert own(guardian, restriction.in_force) == ()
    assert own(child, restriction.in_force, by=guardian)


def test_staff_take_a_request_see_its_item_alone_and_decide(portal: Portal) -> None:
    one, staff = member(portal.db), agent(portal.db)
    made = correction(one, when=NOW - timedelta(days=12))
    own(one, lambda s: evidence.keep(s, made, PNG))
    portal.sign_in(staff=staff)
    tab = portal.open(QUEUE)
    shown = text_of(tab)
    assert "2일 늦었어요" in shown
    for value in (PLAIN["name"], "홍*순", "홍길동", str(one), str(made)):
        assert value not in shown
    tab.button(key="take").click().run()
    shown = text_of(tab)
    assert "홍*순" in shown
    assert "본인 확인" in shown
    assert "/desk-queue/evidence/" not in shown
    for value in (PLAIN["name"], "홍길동", PLAIN["email"], PLAIN["nickname"]):
        assert value not in shown
    portal.sign_in(staff=staff, verified=NOW)
    tab.run()
    tab.button(key="show").click().run()
    shown = text_of(tab)
    assert PLAIN["name"] in shown
    assert "홍길동" in shown
    assert "/desk-queue/evidence/" in shown
    next(b for b in tab.button if b.label == "결정하기").click().run()
    assert "골라 주세요" in text_of(tab)
    tab.radio[0].set_value("grant")
    next(b for b in tab.button if b.label == "결정하기").click().run()
    shown = text_of(tab)
    assert "회원에게 알렸어요" in shown
    assert "결정할 요청이 없어요" in shown
    assert own(one, requests.mine)[0].state == "done"
    portal.sign_in(one, verified=NOW)
    tab = portal.open("member/my_data.py").button(key="show").click().run()
    assert "홍길동" in text_of(tab)


def test_the_second_of_two_staff_is_told_who_has_it(portal: Portal) -> None:
    one, first, second = member(portal.db), agent(portal.db), agent(portal.db)
    made = correction(one)
    portal.sign_in(staff=second)
    tab = portal.open(QUEUE)
    take(portal.db, first, one, made)
    assert first.hex[:6] in text_of(tab.button(key="take").click().run())


def test_the_queue_costs_the_same_however_long_it_is(portal: Portal, statements: list[str]) -> None:
    for _ in range(3):
        correction(member(portal.db, values=()))
    portal.sign_in(staff=agent(portal.db))
    tab = portal.open(QUEUE)
    statements.clear()
    tab.run()
    assert len([s for s in statements if "open_request" in s]) == 2
    assert len(statements) <= 4


# ---- the file given as proof ----------------------------------------------------------------


def test_a_proof_opens_to_who_decides_and_to_nobody_else(portal: Portal) -> None:
    one, staff, other = member(portal.db), agent(portal.db), agent(portal.db)
    made = correction(one)
    file_id = own(one, lambda s: evidence.keep(s, made, PNG))
    case = take(portal.db, staff, one, made)
    http = Http(Starlette(routes=[route.ROUTE]))
    path = f"{route.PATH}/{case.case_id}/{file_id}"

    def status() -> int:
        cookie = {"Cookie": f"{SESSION_COOKIE[settings().secure]}={portal.token}"}
        return http.get(path, headers=cookie).status_code

    assert http.get(path).status_code == 401
    for who in ({"member_id": one}, {"staff": other, "verified": NOW}, {"staff": staff}):
        portal.sign_in(**who)
        assert status() == 403
    portal.sign_in(staff=staff, verified=NOW)
    cookie = {"Cookie": f"{SESSION_COOKIE[settings().secure]}={portal.token}"}
    answer = http.get(path, headers=cookie)
    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["content-type"] == "image/png"
    with portal.db.work.data.connect() as connection:
        seen = connection.execute(select(event).where(event.c.name == "evidence_viewed")).all()
    assert [(e.actor_id, e.case_id) for e in seen if e.allowed] == [(staff, case.case_id)]
    in_case(staff, case, deciding.grant)
    assert status() == 403
    assert http.get(f"{route.PATH}/x/y", headers=cookie).status_code == 400


@pytest.mark.promise("P35")
def test_what_was_reported_is_listed_to_who_reported_it_in_the_same_queries(
    portal: Portal, statements: list[str]
) -> None:
    one, other = member(portal.db), member(portal.db)
    child_of(portal.db, one, "2018-03-04")
    portal.sign_in(one)
    tab = portal.open(MINE)
    statements.clear()
    assert "아직 요청이 없어요" in text_of(tab.run())
    before, wish = len(statements), Wish(ReportKind.COMPLAINT, "배송지가 바뀌었어요")
    with house().databases.data.begin() as connection:
        made = reports.make(connection, acting(one), wish, "ko", NOW)
    for asked, shown in ((one, True), (other, False)):
        portal.sign_in(asked)
        tab = portal.open(MINE)
        statements.clear()
        text = text_of(tab.run())
        assert len(statements) == before
        assert (made.number in text) is shown
        assert ("2026. 12. 2." in text and 'href="/contact"' in text) is shown
    portal.sign_in(one)
    tab = portal.open().button(key="child_1").click().run().switch_page(MINE).run()
    assert made.number not in text_of(tab), "it is no request of the child's"
