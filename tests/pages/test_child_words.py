"""A guardian reads about the child, and no sentence speaks of the guardian's own data then; a child
reads of its own data in words that a child knows."""
# ruff: noqa: RUF001 (Korean quotation marks)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.people import child_of, member
from tests.portal import portal, statements, text_of

if TYPE_CHECKING:
    from tests.portal import Portal

__all__ = ["portal", "statements"]

OWN = ("나에 대해", "내 정보가 있는", "쓰고 있는 서비스")


def test_the_pages_speak_of_the_child(portal: Portal) -> None:
    guardian = member(portal.db)
    child_of(portal.db, guardian, "2018-03-04")
    portal.sign_in(guardian)
    tab = portal.open()
    assert "쓰고 있는 서비스" in text_of(tab)
    assert "오늘 탈퇴하면" in text_of(tab)
    own = text_of(portal.open("member/my_data.py"))
    assert "<h1>내 정보</h1>" in own
    assert "나에 대해 가지고 있는" in own
    assert "내 정보가 있는 서비스" in own
    tab.button(key="child_1").click().run()
    assert "아이에 대해 가지고 있는 정보는 모두 ‘아이 정보’에" in text_of(tab)
    assert "오늘 아이가 탈퇴하면" in text_of(tab)
    shown = text_of(tab.switch_page("member/my_data.py").run())
    assert "아이에 대해 가지고 있는 모든 정보예요" in shown
    assert "<h1>아이 정보</h1>" in shown
    assert "아이 정보가 있는 서비스" in shown
    assert not any(words in shown for words in OWN)
    shown = text_of(tab.switch_page("member/family.py").run())
    assert "<h1>아이의 보호자</h1>" in shown
    assert not any(words in shown for words in (*OWN, "내가 돌보는", "내 정보 안에"))
    assert "‘꼬마’의 보호자로서" in shown


@pytest.mark.promise("P29")
def test_a_childs_own_pages_say_it_so_that_a_child_can_read_it(portal: Portal) -> None:
    guardian = member(portal.db)
    child = child_of(portal.db, guardian, "2018-03-04")
    portal.sign_in(child)
    shown = text_of(portal.open())
    for words in ("나를 돌봐 주는 어른", "어려운 말 쉽게 보기", "해도 된다고 말하는 거예요",
                  "여기서 나를 돌보는 사람에 대해 문제가 있나요?"):  # fmt: skip
        assert words in shown
    assert "나를 돌봐 주는 어른도 내" in text_of(portal.open("member/family.py"))
    # To everybody else it is said as to a grown-up: who is 14, and a guardian who acts.
    portal.sign_in(guardian)
    tab = portal.open()
    assert "어려운 말 쉽게 보기" not in text_of(tab)
    assert "어려운 말 쉽게 보기" not in text_of(tab.button(key="child_1").click().run())
    portal.sign_in(child_of(portal.db, guardian, "2012-11-22"))
    assert "어려운 말 쉽게 보기" not in text_of(portal.open())
