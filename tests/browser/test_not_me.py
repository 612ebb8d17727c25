"""“제가 아니에요” on a phone: the case stops in the staff's open tab, the officer sees it (P31)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, KOREA
from tests.browser.serving import serve
from tests.browser.steps import settled, sign_in, staff_sign_in
from tests.browser.test_calls import SLOW, message, press

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
    desk = browser.new_context(**DESKTOP, **KOREA).new_page()
    number = called(desk, portal)

    sign_in(phone, portal.address, "member")
    phone.goto(f"{portal.address}/history")
    settled(phone)
    expect(phone.get_by_text(f"상담 {number}").first).to_be_visible(timeout=SLOW)
    phone.get_by_role("button", name=re.compile("제가 아니에요")).first.click()
    expect(phone.locator(".st-key-not_me_yes button")).to_be_visible(timeout=SLOW)
    settled(phone)
    assert axe(phone) == []
    phone.locator(".st-key-not_me_yes button").click()
    told = phone.locator(".jk-said")
    expect(told).to_contain_text("멈췄어요", timeout=SLOW)
    settled(phone)
    assert axe(phone) == []
    report = re.search(r"[0-9A-Z]{5}-[0-9A-Z]{5}", told.inner_text())
    assert report is not None

    # The tab of the staff is open still: its next step shows nothing of the member, and says why.
    press(desk, "보기")
    expect(desk.get_by_role("main")).to_contain_text("부탁한 일이 아니라는 연락", timeout=SLOW)
    settled(desk)
    expect(desk.get_by_text("member@example.com")).to_have_count(0)
    expect(desk.locator("#item-email")).to_have_count(0)
    assert axe(desk) == []
    desk.context.close()

    officer = browser.new_context(**DESKTOP, **KOREA).new_page()
    staff_sign_in(officer, portal.address, "officer")
    officer.goto(f"{portal.address}/desk-reports")
    expect(officer.get_by_text(report[0]).first).to_be_visible(timeout=SLOW)
    settled(officer)
    assert axe(officer) == []
    officer.context.close()


def called(page: Page, portal: Served) -> str:
    """Handle a call up to the member's data, as `agent`; return the case's number."""
    staff_sign_in(page, portal.address, "agent")
    page.goto(f"{portal.address}/desk-cases")
    settled(page)
    page.locator(".st-key-case_typed input").fill("member@example.com")
    press(page, "찾아보기")
    expect(page.locator("#case-found")).to_be_visible(timeout=SLOW)
    settled(page)
    page.locator('[class*="st-key-case_asked"]').get_by_role("button", name="내 정보 보기").click()
    press(page, "상담 열기")
    expect(page.locator("#case-check")).to_be_visible(timeout=SLOW)
    settled(page)
    before = set((portal.var / "mailbox").glob("*.json"))
    page.locator(".st-key-send_mobile_code button").click()
    field = page.locator(".st-key-case_code_typed input")
    expect(field).to_be_visible(timeout=SLOW)
    field.fill(message(page, portal, before, r"번호예요: (\d{6})"))
    press(page, "맞춰 보기")
    expect(page.locator(".st-key-to_my_data button")).to_be_visible(timeout=SLOW)
    settled(page)
    page.locator(".st-key-to_my_data button").click()
    expect(page.locator("#item-email")).to_be_visible(timeout=SLOW)
    settled(page)
    number = re.search(r"\d{6}-\w{4}", page.locator(".jk-case-banner").inner_text())
    assert number is not None
    return number[0]
