"""“제가 아니에요” on a phone: the case stops in the staff's open tab, the officer sees it (P31)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.calls import (
    SLOW,
    desk,
    look_at_data,
    look_up,
    number_of,
    open_case,
    press,
    read_out_code,
)
from tests.browser.conftest import DESKTOP, KOREA
from tests.browser.serving import serve
from tests.browser.steps import settled, sign_in, staff_sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from tests.browser.serving import Served


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    with serve() as served:
        yield served


@pytest.mark.promise("P31", "P35")
def test_a_member_stops_what_they_did_not_ask_for(
    portal: Served, phone: Page, browser: Browser, axe: Callable[[Page], list[str]]
) -> None:
    staff = browser.new_context(**DESKTOP, **KOREA).new_page()
    number = called(staff, portal)

    sign_in(phone, portal.address, "member")
    phone.goto(f"{portal.address}/history")
    settled(phone)
    expect(phone.get_by_text(f"상담 {number}").first).to_be_visible(timeout=SLOW)
    lines = phone.get_by_role("button", name=re.compile("제가 아니에요"))
    expect(lines.nth(1)).to_be_visible(timeout=SLOW)
    lines.nth(1).click()
    expect(phone.locator(".st-key-not_me_yes button")).to_be_visible(timeout=SLOW)
    settled(phone)
    assert axe(phone) == []
    phone.locator(".st-key-not_me_yes button").click()
    told = phone.locator(".jk-said")
    expect(told).to_contain_text("멈췄어요", timeout=SLOW)
    settled(phone)
    assert axe(phone) == []
    expect(phone.get_by_text("알렸어요: 제가 아니에요").nth(1)).to_be_visible()
    report = re.search(r"[0-9A-Z]{5}-[0-9A-Z]{5}", told.inner_text())
    assert report is not None

    # The tab of the staff is open still: its next step shows nothing of the member, and says why.
    press(staff, "보기")
    expect(staff.get_by_role("main")).to_contain_text("부탁한 일이 아니라는 연락", timeout=SLOW)
    settled(staff)
    expect(staff.get_by_text("member@example.com")).to_have_count(0)
    expect(staff.locator("#item-email")).to_have_count(0)
    assert axe(staff) == []
    staff.context.close()

    officer = browser.new_context(**DESKTOP, **KOREA).new_page()
    staff_sign_in(officer, portal.address, "officer")
    officer.goto(f"{portal.address}/desk-reports")
    expect(officer.get_by_text(report[0]).first).to_be_visible(timeout=SLOW)
    settled(officer)
    assert axe(officer) == []
    officer.context.close()


def called(page: Page, portal: Served) -> str:
    """Handle a call up to the member's data, as `agent`; return the case's number."""
    desk(page, portal, "agent")
    look_up(page, "member@example.com")
    open_case(page, "내 정보 보기")
    read_out_code(page, portal)
    look_at_data(page)
    return number_of(page)
