"""Whose data a tab shows: said in the menu, kept by a reload, and never by an address alone."""

# ruff: noqa: RUF001 (Korean quotation marks)

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import streamlit as st
from sqlalchemy import func, select
from streamlit.testing.v1 import AppTest

from db.settings import ROOT
from db.tables.ledger import event
from pages.components import acting, child_menu, frame, history_view, ward_name
from services import child_link
from tests.families import a_child
from tests.pages.test_family import end_links, parent
from tests.people import acting as actor_of
from tests.portal import portal, statements, text_of

if TYPE_CHECKING:
    from uuid import UUID

    from tests.portal import Portal

__all__ = ["portal", "statements"]

CONSENTS, HISTORY, MY_DATA = "member/consents.py", "member/history.py", "member/my_data.py"
BANNER = "보호자로서 보고 있어요"
NOT_FOR_A_CHILD = {"case_panel.py", "case_banner.py", "waking_panel.py"}
"""Of staff with a case in hand, and of who sleeps."""
BACK = "지금은 내 정보를 보고 있어요"


def acts(one: Portal, guardian: UUID, page: str | None = None) -> AppTest:
    one.sign_in(guardian, verified=one.now)
    tab = one.open()
    tab.button(key="child_1").click().run()
    return tab.switch_page(page).run() if page else tab


def loaded(word: str | None) -> AppTest:
    """Return a tab that opens `/` with this word in its address, as a reload does."""
    tab = AppTest.from_file(str(ROOT / "pages" / "portal.py"), default_timeout=30)
    tab.user = {"is_logged_in": False}
    if word is not None:
        tab.query_params[acting.CHILD] = word
    return tab.run()


def word_of(tab: AppTest) -> str | None:
    found = tab.query_params.get(acting.CHILD)
    return str(found) if found is not None else None


def went_back(monkeypatch: pytest.MonkeyPatch, tab: AppTest, word: str | None) -> AppTest:
    """Let the browser go back or forward to an address of the same page."""
    tab.query_params.pop(acting.CHILD, None)
    if word is not None:
        tab.query_params[acting.CHILD] = word
    with monkeypatch.context() as patched:
        patched.setattr(acting, "_went_back", lambda: True)
        return tab.run()


def told_of(one: Portal, child: UUID) -> int:
    with one.db.owner_data.connect() as data:
        found = data.scalar(select(func.count()).where(event.c.member_id == child))
    return int(found or 0)


# ---- what the address keeps -------------------------------------------------------------------


@pytest.mark.promise("P29")
def test_a_reload_goes_on_with_the_same_child_and_the_ledger_says_so(portal: Portal) -> None:
    mother = parent(portal)
    first = a_child(portal.db, mother, nickname="하늘이")
    a_child(portal.db, parent(portal), mother, nickname="바다")
    tab = acts(portal, mother)
    word = word_of(tab)
    assert "‘하늘이’의 " + BANNER in text_of(tab)
    assert word
    assert str(first) not in word
    # The menu's links leave the word out: the page puts it back.
    tab.query_params.clear()
    assert word_of(tab.switch_page(CONSENTS).run()) == word
    before = told_of(portal, first)
    shown = text_of(loaded(word))
    assert "‘하늘이’의 " + BANNER in shown
    assert "하늘맘" not in shown
    assert told_of(portal, first) == before + 2
    # And back at one's own data a reload stays there.
    own = tab.button(key="act_for_self").click().run()
    assert word_of(own) is None
    assert BANNER not in text_of(own)
    assert "하늘맘" in text_of(loaded(word_of(own)))


@pytest.mark.promise("P25", "P29")
@pytest.mark.parametrize("whose", ["earlier", "stranger", "id", "made-up", "not-ascii", "empty"])
def test_an_address_alone_opens_nobody(portal: Portal, whose: str) -> None:
    mother = parent(portal)
    child = a_child(portal.db, mother, nickname="하늘이")
    earlier = word_of(acts(portal, mother))
    other = a_child(portal.db, parent(portal), nickname="남의아이")
    portal.sign_in(mother)
    stranger = child_link.token(actor_of(mother, session_id=portal.sign_in(mother)), other)
    before = told_of(portal, child), told_of(portal, other)
    words = {"earlier": earlier, "stranger": stranger, "id": str(child), "made-up": "0" * 64,
             "not-ascii": "아이\u202e", "empty": ""}  # fmt: skip
    tab = loaded(words[whose])
    shown = text_of(tab)
    assert (BACK in shown) == (whose != "empty")
    assert "하늘맘" in shown
    for wrong in (BANNER, "남의아이", "하늘이의"):
        assert wrong not in shown
    assert word_of(tab) is None
    assert (told_of(portal, child), told_of(portal, other)) == before
    assert BACK not in text_of(tab.run())


@pytest.mark.promise("P29")
@pytest.mark.parametrize("page", [None, MY_DATA])
def test_a_right_that_ended_meanwhile_is_said_at_a_reload(portal: Portal, page: str | None) -> None:
    mother = parent(portal)
    child = a_child(portal.db, mother)
    word = word_of(acts(portal, mother, page))
    end_links(portal, child)
    tab = loaded(word)
    shown = text_of(tab)
    assert "이제 이 아이를 대신할 수 없어요" in shown
    assert "하늘맘" in shown
    assert BANNER not in shown
    assert "꼬마" not in shown
    assert word_of(tab) is None


def test_two_tabs_never_turn_into_each_other(portal: Portal) -> None:
    mother = parent(portal)
    a_child(portal.db, mother, nickname="하늘이")
    childs, own = acts(portal, mother, MY_DATA), loaded(None)
    for _ in range(2):
        assert BANNER in text_of(childs.run())
        assert BANNER not in text_of(own.run())
    assert word_of(childs)
    assert word_of(own) is None
    # Neither does signing in as another child's guardian turn a tab into one of theirs.
    portal.sign_in(parent(portal))
    assert BANNER not in text_of(childs.run())
    assert word_of(childs) is None


def test_back_and_forward_show_whom_their_address_names(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    mother = parent(portal)
    a_child(portal.db, mother, nickname="하늘이")
    tab = acts(portal, mother, HISTORY)
    word = word_of(tab)
    tab.toggle(key=history_view.OTHERS).set_value(True).run()
    shown = text_of(went_back(monkeypatch, tab, None))
    assert BANNER not in shown
    assert "하늘이" not in shown
    # What was chosen or typed for the child does not reach one's own page.
    assert tab.toggle(key=history_view.OTHERS).value is False
    assert BANNER in text_of(went_back(monkeypatch, tab, word))
    assert word_of(tab) == word
    assert BANNER in text_of(tab.run())


@pytest.mark.parametrize("to_child", [True, False], ids=["to-the-child", "to-oneself"])
def test_going_back_after_somebody_else_signed_in_says_that(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, *, to_child: bool
) -> None:
    mother = parent(portal)
    a_child(portal.db, mother, nickname="하늘이")
    tab = acts(portal, mother, HISTORY)
    word = word_of(tab)
    portal.sign_in(parent(portal))
    shown = text_of(went_back(monkeypatch, tab, word if to_child else None))
    assert "다른 사람이 로그인했어요" in shown
    assert BACK not in shown
    assert BANNER not in shown
    assert word_of(tab) is None
    assert BACK not in text_of(tab.run())


def test_going_back_keeps_what_is_typed_where_nobody_changes(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    mother = parent(portal)
    a_child(portal.db, mother)
    tab = acts(portal, mother, HISTORY)
    tab.toggle(key=history_view.OTHERS).set_value(True).run()
    went_back(monkeypatch, tab, word_of(tab))
    assert tab.toggle(key=history_view.OTHERS).value is True


def test_a_reload_asks_the_same_few_queries_however_many_children(
    portal: Portal, statements: list[str]
) -> None:
    counts = []
    for children in (1, 4):
        mother = parent(portal)
        for _ in range(children):
            a_child(portal.db, mother)
        tab = acts(portal, mother, MY_DATA)
        word = word_of(tab)
        statements.clear()
        tab.run()
        again = len(statements)
        statements.clear()
        loaded(word)
        counts.append((again, len(statements)))
    assert counts[0] == counts[1]


def test_every_way_to_another_page_keeps_for_whom() -> None:
    ways = re.compile(r"st\.switch_page\(([^)]*)")
    found = {
        (path.name, way)
        for path in (ROOT / "pages").rglob("*.py")
        for way in ways.findall(path.read_text(encoding="utf-8"))
    }
    assert {(name, way) for name, way in found if name not in NOT_FOR_A_CHILD} == {
        ("acting.py", "_PAGES / page, query_params=kept("),
        # Who has left acts for nobody.
        ("frame.py", 'PAGES / "public/status.py"'),
        ("leave_panel.py", '"public/status.py"'),
    }


# ---- what the menu says -----------------------------------------------------------------------


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, list[str]]]:
    """Return the titles of each menu that is drawn."""
    drawn: list[dict[str, list[str]]] = []
    real = st.navigation

    def note(bar: child_menu.Bar, **more: Any) -> object:  # noqa: ANN401
        drawn.append({
            title: [one.title for one in pages if one.visibility == "visible"]
            for title, pages in bar.items()
        })  # fmt: skip
        return real(bar, **more)

    monkeypatch.setattr(st, "navigation", note)
    return drawn


def test_the_menu_says_whose_data_it_is(
    portal: Portal, bars: list[dict[str, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    mother = parent(portal)
    a_child(portal.db, mother, nickname="하늘이")
    tab = acts(portal, mother)
    own = "내 정보", "내 자료 받기", "내 요청", "개인정보변경", "회원탈퇴", "내가 정하기"
    assert set(own) <= {*bars[0], *(one for lines in bars[0].values() for one in lines)}
    titles = [*bars[-1], *(one for lines in bars[-1].values() for one in lines)]
    assert titles[1] == "하늘이의 정보"
    for words in ("아이 정보 변경", "아이의 보호자", "아이 자료 받기", "아이 대신 정하기",
                  "아이 회원탈퇴", "아이의 요청", "아이가 받은 알림"):  # fmt: skip
        assert words in titles
    assert not set(own) & set(titles)
    assert bars[-1]["하늘이의 정보"][0] == "하늘이의 정보"
    # So do the buttons of the overview, and a phone's menu, which has no sections.
    assert not set(own) & {one.label for one in tab.button}
    monkeypatch.setattr(frame, "_phone", lambda: True)
    tab.run()
    assert "하늘이의 정보" in bars[-1][""]
    tab.button(key="act_for_self").click().run()
    assert "내 정보" in bars[-1][""]
    assert not any("하늘이" in one for one in bars[-1][""])


def test_a_childs_name_stays_out_of_what_everybodys_menus_share(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, real = [], frame._bar

    def note(*args: Any, **more: Any) -> child_menu.Bar:  # noqa: ANN401
        shared.append(real(*args, **more))
        return shared[-1]

    monkeypatch.setattr(frame, "_bar", note)
    mother = parent(portal)
    a_child(portal.db, mother, nickname="비밀이름")
    acts(portal, mother)
    assert "아이 정보" in shared[-1]
    titles = [one.title for bar in shared for pages in bar.values() for one in pages]
    assert "아이 정보" in titles
    assert not any("비밀이름" in one for one in titles)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("하늘이", "하늘이"),
        ("가" * 200, "가" * 10 + "…"),
        ("**하늘**_이_", "하늘 이"),
        ("![x](//h/a.png)", "x h a.png"),
        (":red[불] $x$ `c`", "red 불 x c"),
        ("<b>하늘", "b 하늘"),
        ("\u202e늘하\n\t이", "늘하 이"),
        ("Anne-Marie O'H", "Anne-Marie…"),
        ("\u1112\u1161\u1102\u1173\u11af", "하늘"),
        ("***", None),
        ("", None),
        (None, None),
    ],
    ids=["plain", "long", "bold", "picture", "colour", "tag", "turned", "latin", "in-pieces",
         "nothing-left", "empty", "none"],
)  # fmt: skip
def test_a_name_in_the_menu_is_short_and_plain(name: str | None, shown: str | None) -> None:
    assert ward_name.in_menu(name) == shown


def test_a_child_without_a_name_is_the_child(
    portal: Portal, bars: list[dict[str, list[str]]]
) -> None:
    mother = parent(portal)
    a_child(portal.db, mother, nickname="***")
    acts(portal, mother)
    assert bars[-1]["아이 정보"][0] == "아이 정보"


def test_links_and_what_is_said_lead_to_the_childs_pages(portal: Portal) -> None:
    mother = parent(portal)
    a_child(portal.db, mother)
    tab = acts(portal, mother, "member/sharing.py")
    word = word_of(tab)
    assert f'href="/consents?child={word}"' in text_of(tab)
    # The language switch comes back here, too.
    assert f"back=/sharing%3Fchild%3D{word}" in text_of(tab)
    shown = text_of(tab.switch_page("member/requests.py").run())
    assert "‘아이 정보 변경’에서" in shown
