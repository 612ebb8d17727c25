"""Forms on paper on the officer's desk: what is open, and that it was destroyed (P15)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from db.words import StaffRole
from services import destruction
from tests.pages.test_officer_demands import press
from tests.pages.test_officer_destruction import PAGE
from tests.people import NOW, PLAIN, agent
from tests.portal import portal, text_of
from tests.services.test_paper import YESTERDAY, holder, on_paper

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

    from tests.portal import Portal

__all__ = ["portal"]

pytestmark = pytest.mark.promise("P15")


def section(portal: Portal, *, verified: bool = True) -> AppTest:
    who = agent(portal.db, StaffRole.OFFICER)
    portal.sign_in(staff=who, verified=NOW if verified else None)
    tab = portal.open(PAGE)
    tab.pills[0].set_value("paper").run()
    return tab


def test_the_officer_records_what_was_shredded(portal: Portal) -> None:
    holder(portal.db, on_paper(YESTERDAY), on_paper(YESTERDAY, date(2026, 8, 2)))
    assert "아직 보관할 것" in text_of(section(portal))
    destruction.run(portal.db.work, NOW)
    tab = section(portal)
    shown = text_of(tab)
    assert "<dt>분쇄하거나 소각할 서식</dt><dd>2</dd>" in shown
    assert not any(value in shown for value in PLAIN.values())
    assert "방법과 날짜를 골라 주세요" in press(tab, "기록하기")
    tab.radio[0].set_value("shredding")
    tab.number_input[0].set_value(3)
    assert "2장까지였어요" in press(tab, "기록하기")
    tab.number_input[0].set_value(2)
    shown = press(tab, "기록하기")
    assert "직원 번호와 함께 기록했어요" in shown
    assert "<dt>분쇄하거나 소각할 서식</dt><dd>0</dd>" in shown
    assert "2026. 11. 22." in shown


def test_who_has_not_confirmed_sees_the_list_and_the_button(portal: Portal) -> None:
    holder(portal.db, on_paper(YESTERDAY))
    destruction.run(portal.db.work, NOW)
    tab = section(portal, verified=False)
    assert [b.label for b in tab.button if b.key == "verify_paper"]
    assert not tab.number_input
