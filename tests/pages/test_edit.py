"""`/edit`: one item at a time, after a verification, for oneself or a child (P30)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from db import clock
from db.declarations import ITEMS
from db.settings import settings
from db.tables.member import LIVE
from db.words import Purpose
from pages.components import sign_in_panel
from pages.http import confirming
from pages.signin.context import SignInContext
from services import carried, waiting_values
from services.house import house
from services.ledger import EventName
from tests.people import NOW, PLAIN, child_of, member
from tests.portal import keyed, portal, statements, text_of
from tests.services.test_correction import events, held, standing, text, token_of
from tests.signing_in import Http

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from streamlit.testing.v1 import AppTest

    from tests.portal import Portal

__all__ = ["portal", "statements"]

EDIT = "member/edit.py"


def editing(portal: Portal, item: str) -> tuple[UUID, AppTest]:
    one = member(portal.db)
    portal.sign_in(one, verified=portal.now)
    return one, choose(portal.open(EDIT), item)


def choose(tab: AppTest, item: str) -> AppTest:
    return tab.selectbox(key="jk_form_item").select(item).run()


def submit(tab: AppTest) -> AppTest:
    return next(b for b in tab.button if b.label in {"바꾸기", "요청하기"}).click().run()


@pytest.mark.promise("P30")
def test_the_page_has_the_policys_name_and_wants_a_verification(portal: Portal) -> None:
    portal.sign_in(member(portal.db))
    tab = portal.open(EDIT)
    assert any(button.key == "verify" for button in tab.button)
    assert PLAIN["nickname"] not in text_of(tab)
    portal.sign_in(member(portal.db), verified=NOW)
    shown = text_of(portal.open(EDIT))
    assert "<h1>개인정보변경</h1>" in shown
    assert PLAIN["nickname"] in shown


@pytest.mark.promise("P30")
def test_a_value_is_changed_and_what_happened_is_said(portal: Portal) -> None:
    one, tab = editing(portal, "nickname")
    assert "이전 값은 남기지 않아요" in text_of(tab)
    tab.text_input(key="jk_form_nickname_0").input("<b>바다맘</b> 👶")
    shown = text_of(submit(tab))
    assert text(portal.db, one, "nickname") == "<b>바다맘</b> 👶"
    assert "바꿨어요" in shown
    assert "<b>바다맘" not in shown
    assert "언제 무엇이 바뀌었나요" in shown
    assert tab.text_input(key="jk_form_nickname_0").value == ""


@pytest.mark.parametrize(
    ("item", "typed", "says"),
    [
        ("baby_date", "2027-02-30", "달력에 없는 날"),
        ("mobile", "12", "010-1234-5678"),
        ("email", "nobody", "name@example.com"),
        ("nickname", "", "지우기"),
    ],
)
def test_what_cannot_be_stays_in_its_field_with_what_to_do(
    portal: Portal, item: str, typed: str, says: str
) -> None:
    one, tab = editing(portal, item)
    field = tab.text_input(key=f"jk_form_{item}_0").input(typed)
    shown = text_of(submit(tab))
    assert says in shown
    assert tab.text_input(key=f"jk_form_{item}_0").value == typed == field.value
    assert text(portal.db, one, item) == PLAIN[item]
    assert not tab.exception


@pytest.mark.promise("P32")
def test_a_name_is_asked_for_and_not_used_until_it_is_decided(portal: Portal) -> None:
    one, tab = editing(portal, "name")
    assert "아무 데도 쓰지 않고" in text_of(tab)
    tab.text_input(key="jk_form_name_0").input("김길순")
    shown = text_of(submit(tab))
    assert "2026. 12. 2." in shown
    assert "쓰지 않고 있어요" in shown
    assert text(portal.db, one, "name") == PLAIN["name"]
    assert not any(field.key == "jk_form_name_0" for field in tab.text_input)
    assert "쓰지 않고 있어요" in text_of(tab.switch_page("member/my_data.py").run())


@pytest.mark.promise("P30")
def test_clearing_says_what_follows_then_does_it(portal: Portal) -> None:
    one, tab = editing(portal, "pregnancy")
    tab.button(key="edit_clear").click().run()
    assert "엄마 구분" in text_of(tab) or "구분" in text_of(tab)
    assert text(portal.db, one, "pregnancy") == "pregnant"
    tab.button(key="edit_leave").click().run()
    tab.button(key="edit_clear").click().run()
    tab.button(key="edit_sure").click().run()
    assert held(portal.db, one, "pregnancy").cleared_at == NOW
    assert held(portal.db, one, "mother_category").cleared_at == NOW
    assert "지웠어요" in text_of(tab)


def test_all_about_a_baby_goes_by_one_wish(portal: Portal) -> None:
    one, tab = editing(portal, "baby_date")
    tab.button(key="edit_clear").click().run()
    tab.button(key="edit_baby").click().run()
    for item in ("pregnancy", "children", "baby_name", "baby_date", "mother_category"):
        assert text(portal.db, one, item) is None


def test_a_required_item_is_asked_to_be_cleared(portal: Portal) -> None:
    one, tab = editing(portal, "address")
    tab.button(key="edit_clear").click().run()
    tab.button(key="edit_sure").click().run()
    assert text(portal.db, one, "address") == PLAIN["address"]
    assert "10일 안에" in text_of(tab)


def test_a_guardian_does_it_for_a_child(portal: Portal) -> None:
    guardian = member(portal.db)
    child = child_of(portal.db, guardian, "2018-03-04")
    portal.sign_in(guardian, verified=NOW)
    tab = portal.open().button(key="child_1").click().run()
    tab = tab.switch_page(EDIT).run()
    assert "꼬마" in text_of(tab)
    tab.text_input(key=keyed(tab, "jk_form_nickname_0")).input("새싹")
    submit(tab)
    assert text(portal.db, child, "nickname") == "새싹"
    assert text(portal.db, guardian, "nickname") == PLAIN["nickname"]


def test_every_item_opens_with_the_same_queries(portal: Portal, statements: list[str]) -> None:
    _one, tab = editing(portal, "nickname")
    counts = {}
    for item in ITEMS.values():
        if not item.shown or item.name == "device_id":
            continue
        statements.clear()
        choose(tab, item.name)
        assert not tab.exception, item.name
        assert "alert" not in text_of(tab), item.name
        counts[item.name] = len(statements)
    # Session; event (which names the subject too); all about the item; key.
    assert set(counts.values()) == {4}, counts


def test_a_half_filled_form_survives_the_verification(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, tab = editing(portal, "children")
    tab.text_input(key="jk_form_children_0").input("딸 둘")
    portal.later(minutes=16)
    submit(tab)
    assert text(portal.db, one, "children") == PLAIN["children"]
    asked: dict[str, Any] = {}
    monkeypatch.setattr(sign_in_panel, "_ask", lambda _who, resume=None: asked.update(resume or {}))
    tab.button(key="verify").click().run()
    assert "딸 둘" not in str(asked)
    assert asked["carried"]
    with portal.db.work.data.begin() as connection:
        from db.tables.ops import session  # noqa: PLC0415

        connection.execute(session.update().values(verified_at=portal.now))
    back = portal.open()
    back.session_state["jk_resume"] = asked
    back = back.switch_page(EDIT).run()
    assert back.selectbox(key="jk_form_item").value == "children"
    assert back.text_input(key="jk_form_children_0").value == "딸 둘"


def test_what_is_carried_opens_for_nobody_else(portal: Portal) -> None:
    from tests.people import acting  # noqa: PLC0415

    one, other = acting(member(portal.db)), acting(member(portal.db))
    text_kept = carried.seal(one, {"jk_form_x": "geheim"})
    assert text_kept
    assert carried.open_again(one, text_kept) == {"jk_form_x": "geheim"}
    assert carried.open_again(other, text_kept) == {}
    assert carried.open_again(acting(one.person), text_kept) == {}
    assert carried.open_again(one, "nonsense") == {}


def test_the_link_is_confirmed_in_another_browser_signed_out(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = token_of(monkeypatch)
    one, tab = editing(portal, "email")
    tab.text_input(key="jk_form_email_0").input("neu@example.org")
    shown = text_of(submit(tab))
    assert "링크" in shown
    link = made[-1]
    assert text(portal.db, one, "email") == PLAIN["email"]
    context = SignInContext(house().databases, house().keyring, settings(), clock.now)
    other = Http(Starlette(routes=[confirming.route(context)]))
    look = other.get(f"/confirm-email?token={link}")
    assert look.status_code == 200
    assert PLAIN["email"] not in look.text
    assert text(portal.db, one, "email") == PLAIN["email"], "looking confirms nothing"
    done = other.post("/confirm-email", data={"token": link})
    assert done.status_code == 200
    assert text(portal.db, one, "email") == "neu@example.org"
    assert other.post("/confirm-email", data={"token": link}).status_code == 410
    assert other.get("/confirm-email?token=nonsense").status_code == 410


def test_the_old_address_can_be_kept(portal: Portal) -> None:
    one, tab = editing(portal, "email")
    tab.text_input(key="jk_form_email_0").input("neu@example.org")
    submit(tab)
    assert standing(portal.db, one).restricts("email", Purpose.NOTICES)
    tab.button(key="edit_keep").click().run()
    assert not standing(portal.db, one).restricts("email", Purpose.NOTICES)
    with portal.db.work.data.connect() as data:
        assert data.execute(select(LIVE.pending_value)).all() == []
    assert events(portal.db, EventName.REQUEST_TAKEN_BACK) == [["email"]]
    assert waiting_values.USES["email"] == "confirm_email"
