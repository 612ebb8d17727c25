"""A sleeping member sees why and since when, and comes back after a verification (P12)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from db.words import Store
from services import waking
from services.house import House
from tests.people import NOW, PLAIN, member, portal_house
from tests.portal import portal, text_of

if TYPE_CHECKING:
    from tests.portal import Portal

__all__ = ["portal"]

pytestmark = pytest.mark.promise("P12")


def test_the_page_says_since_when_and_why_and_wakes_after_a_verification(portal: Portal) -> None:
    who = member(portal.db, Store.DORMANT)
    portal.sign_in(who, store="dormant", verified=NOW)
    tab = portal.open()
    shown = text_of(tab)
    assert "휴면" in shown
    assert "2026. 11. 22." in shown  # since when
    assert "2026. 11. 1." in shown  # last used
    assert PLAIN["nickname"] not in shown
    tab.button(key="wake").click().run()
    assert "깨우고 있어요" in text_of(tab)
    assert not any(button.key == "wake" for button in tab.button)
    assert waking.wake(House(portal.db.work, portal.db.keyring), who, NOW)
    portal_house(portal.db)
    assert PLAIN["nickname"] in text_of(tab.run())
    assert PLAIN["nickname"] in text_of(portal.open())


def test_without_a_fresh_verification_nothing_is_asked_for(portal: Portal) -> None:
    who = member(portal.db, Store.DORMANT)
    portal.sign_in(who, store="dormant", verified=NOW - timedelta(minutes=16))
    tab = portal.open()
    tab.button(key="wake").click().run()
    assert "깨우고 있어요" not in text_of(tab)
    assert waking.wake_all(House(portal.db.work, portal.db.keyring), NOW) == 0


def test_a_page_that_sleepers_may_not_open_says_where_to_wake(portal: Portal) -> None:
    portal.sign_in(member(portal.db, Store.DORMANT), store="dormant", verified=NOW)
    shown = text_of(portal.open("member/my_data.py"))
    assert "첫 화면에서 다시 사용할 수 있어요" in shown
    assert '<a href="/" target="_self">첫 화면으로</a>' in shown
