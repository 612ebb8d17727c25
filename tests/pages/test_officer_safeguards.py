"""`/desk-officer`, outside the portal: what is missing is seen, and confirmed (P42)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from db.tables.ops import safeguard_confirmation
from db.words import StaffRole
from tests.pages.test_officer_demands import press, section
from tests.people import agent
from tests.portal import portal, text_of

if TYPE_CHECKING:
    from tests.portal import Portal

__all__ = ["portal"]

pytestmark = pytest.mark.promise("P42")


def test_what_nobody_confirmed_is_missing_and_confirming_closes_it(portal: Portal) -> None:
    who = agent(portal.db, StaffRole.OFFICER)
    tab = section(portal, who, "safeguards")
    shown = text_of(tab)
    assert "4가지를 확인해야 해요" in shown
    assert "최신 백신 프로그램을 써요" in shown
    assert "아직 확인 없음" in shown
    tab.selectbox[0].set_value("antivirus").run()
    assert "무엇을 살펴보았는지 골라 주세요" in press(tab, "지금 확인하기")
    for box in tab.checkbox:
        box.check()
    shown = press(tab, "지금 확인하기")
    assert "3가지를 확인해야 해요" in shown
    assert "2027. 5. 22.까지 인정돼요" in shown
    assert f"2026. 11. 22. 직원 {who.hex[:6]}" in shown
    with portal.db.work.data.connect() as data:
        [row] = data.execute(select(safeguard_confirmation)).all()
    assert (row.safeguard, row.checks, row.confirmed_by) == (
        "antivirus", ["running", "updated", "results"], who,
    )  # fmt: skip


def test_overdue_ones_are_counted_when_the_desk_opens(portal: Portal) -> None:
    tab = section(portal, agent(portal.db, StaffRole.OFFICER), "safeguards")
    tab.selectbox[0].set_value("firewall").run()
    for box in tab.checkbox:
        box.check()
    press(tab, "지금 확인하기")
    open_now = "<dt>포털 밖 보호 조치</dt><dd>{}</dd>"
    assert open_now.format(3) in text_of(tab)
    portal.later(days=200)
    renewed = agent(portal.db, StaffRole.OFFICER, password_set_on=portal.now.date())
    tab = section(portal, renewed, "findings")
    assert open_now.format(4) in text_of(tab)
    tab.pills[0].set_value("safeguards").run()
    assert "2027. 5. 22.까지만 인정됐어요" in text_of(tab)


def test_who_has_not_confirmed_sees_the_list_and_the_button(portal: Portal) -> None:
    who = agent(portal.db, StaffRole.OFFICER)
    tab = section(portal, who, "safeguards", verified=False)
    assert "아직 확인 없음" in text_of(tab)
    assert [b.label for b in tab.button if b.key == "verify_safeguards"]
    assert not tab.checkbox
