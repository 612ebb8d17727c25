"""`/desk-officer`, legal demands: entered by one officer, decided by another (P16)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from db.settings import settings
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import case
from db.words import StaffRole
from pages.http import demand as route
from pages.http.names import SESSION_COOKIE
from tests.people import NOW, PLAIN, agent, member
from tests.portal import portal, text_of
from tests.services.test_requests import PNG
from tests.signing_in import Http

if TYPE_CHECKING:
    from uuid import UUID

    from streamlit.testing.v1 import AppTest

    from tests.portal import Portal

__all__ = ["portal"]

pytestmark = pytest.mark.promise("P16")
OFFICER = "desk/officer.py"
VALUES = [PLAIN[name] for name in ("name", "email", "mobile", "login_id")]


def section(portal: Portal, who: UUID, name: str = "demands", *, verified: bool = True) -> AppTest:
    portal.sign_in(staff=who, verified=portal.now if verified else None)
    tab = portal.open(OFFICER)
    tab.pills[0].set_value(name).run()
    return tab


def press(tab: AppTest, label: str) -> str:
    next(b for b in tab.button if b.label == label).click().run()
    assert not tab.exception
    return text_of(tab)


def fill(tab: AppTest, typed: str, *, content: bytes | None = PNG) -> str:
    for widget, value in zip(tab.text_input, (typed, "[가상] 경찰서", "[가상] 법"), strict=True):
        widget.set_value(value)
    tab.multiselect[0].set_value(["name", "mobile"])
    if content is not None:
        tab.file_uploader[0].set_value([("demand.png", content, "image/png")])
    return press(tab, "요구 적기")


def rows(portal: Portal, what: Any) -> list[Any]:  # noqa: ANN401
    with portal.db.work.data.connect() as connection:
        return list(connection.execute(select(what)).all())


def test_one_enters_another_hands_out_less_and_sees_it_once(portal: Portal) -> None:
    one = member(portal.db)
    first, second = agent(portal.db, StaffRole.OFFICER), agent(portal.db, StaffRole.OFFICER)
    tab = section(portal, first)
    assert "결정할 요구가 없어요" in text_of(tab)
    shown = fill(tab, PLAIN["email"])
    assert "다른 보호책임자가 결정해요" in shown
    assert PLAIN["email"] not in [widget.value for widget in tab.text_input]
    assert "직접 적은 요구라서" in press(tab, "맡기")
    assert "approve_demand" not in str(tab.main)
    tab = section(portal, second)
    shown = text_of(tab)
    assert "[가상] 경찰서" in shown
    assert not any(value in shown for value in (*VALUES, str(one)))
    shown = press(tab, "맡기")
    assert "홍*순" in shown
    assert not any(value in shown for value in VALUES)
    assert "하나 이상" in press(tab, "승인하고 한 번만 보기")
    tab.multiselect[0].set_value(["name"])
    shown = press(tab, "승인하고 한 번만 보기")
    assert PLAIN["name"] in shown
    assert PLAIN["mobile"] not in shown
    assert "거절하기" not in shown
    assert PLAIN["name"] not in press(tab, "옮겨 적었으니 숨기기")
    (given,) = rows(portal, LIVE.disclosure)
    assert (given.member_id, given.items) == (one, ["name"])


def test_refused_with_a_reason(portal: Portal) -> None:
    member(portal.db)
    fill(section(portal, agent(portal.db, StaffRole.OFFICER)), PLAIN["login_id"])
    tab = section(portal, agent(portal.db, StaffRole.OFFICER))
    press(tab, "맡기")
    assert "이유를 골라 주세요" in press(tab, "거절하기")
    tab.radio[0].set_value("too_broad")
    assert "아무것도 내주지 않았어요" in press(tab, "거절하기")
    assert rows(portal, LIVE.disclosure) == []
    assert "too_broad" in [row.reason for row in rows(portal, event)]


def test_without_a_document_nobody_is_looked_for_and_nobody_found_is_noted(portal: Portal) -> None:
    member(portal.db)
    tab = section(portal, agent(portal.db, StaffRole.OFFICER))
    for content in (None, b"MZ\x90\x00"):
        shown = [fill(tab, typed, content=content) for typed in (PLAIN["email"], "x@example.com")]
        assert shown[0] == shown[1]
        assert 'role="alert"' in shown[0]
    assert "demand_sought" not in [row.name for row in rows(portal, event)]
    assert "회원이 없어요" in fill(tab, "x@example.com")
    sought = [row for row in rows(portal, event) if row.name == "demand_sought"]
    assert [row.member_id for row in sought] == [None]
    assert rows(portal, case) == []


def test_who_has_not_confirmed_sees_the_list_and_the_button(portal: Portal) -> None:
    tab = section(portal, agent(portal.db, StaffRole.OFFICER), verified=False)
    assert [b.label for b in tab.button if b.key == "verify_demands"]
    assert not tab.text_input


def test_the_document_opens_to_the_officer_who_has_it(portal: Portal) -> None:
    member(portal.db)
    officers = [agent(portal.db, StaffRole.OFFICER) for _ in range(3)]
    fill(section(portal, officers[0]), PLAIN["email"])
    press(section(portal, officers[1]), "맡기")
    (held,) = [row for row in rows(portal, case) if row.closed_at is None]
    http = Http(Starlette(routes=[route.ROUTE]))

    def answer(path: str) -> Any:  # noqa: ANN401
        cookie = {"Cookie": f"{SESSION_COOKIE[settings().secure]}={portal.token}"}
        return http.get(path, headers=cookie)

    path = f"{route.PATH}/{held.case_id}"
    assert http.get(path).status_code == 401
    assert answer(f"{route.PATH}/x").status_code == 400
    for who, verified in ((officers[2], NOW), (officers[1], None), (agent(portal.db), NOW)):
        portal.sign_in(staff=who, verified=verified)
        assert answer(path).status_code == 403
    portal.sign_in(staff=officers[1], verified=NOW)
    found = answer(path)
    assert (found.status_code, found.content) == (200, PNG)
    assert found.headers["cache-control"] == "no-store"
    assert found.headers["content-security-policy"].startswith("sandbox")
