"""A guardian's day on a phone: linked by a code, acting for the child, and back again."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from db.clock import SEOUL
from db.demo_people import DAUGHTER
from tests.browser.serving import serve
from tests.browser.steps import settled, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.serving import Served


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    with serve() as served:
        yield served


def born(page: Page) -> str:
    """Return the daughter's birth date, as her mother's own record has it."""
    page.locator(".st-key-show button").click()
    expect(page.locator(".st-key-hide button")).to_be_visible(timeout=30_000)
    settled(page)
    return page.locator("article[aria-labelledby=item-baby_date] .jk-value").first.inner_text()


def code_in(page: Page, portal: Served, before: set[Path]) -> str:
    """Return the code in the demo's mailbox; the worker sends it when it gets to it."""
    for _ in range(300):
        for mail in set((portal.var / "mailbox").glob("*.json")) - before:
            held = json.loads(mail.read_text())
            if "보호자 연결 인증번호" in held["text"]:
                return re.search(r"\b\d{6}\b", held["text"])[0]  # type: ignore[index]
        page.wait_for_timeout(100)
    raise AssertionError(portal.log.read_text())


def by_the_bar(page: Page, title: str) -> None:
    """Go to another page as a phone does, without leaving the tab's session."""
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_test_id("stSidebarNavLink").filter(has_text=title).click()
    settled(page)


@pytest.mark.promise("P29", "P41")
def test_a_guardians_day_on_a_phone(
    portal: Served, phone: Page, axe: Callable[[Page], list[str]]
) -> None:
    page = phone
    sign_in(page, portal.address, "member")
    page.goto(f"{portal.address}/my-data")
    settled(page)
    day = born(page)
    page.goto(f"{portal.address}/family")
    expect(page.get_by_role("heading", name="아이 연결하기")).to_be_visible(timeout=30_000)
    settled(page)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    # Asking, with the code from the mailbox of the contact that the child came with.
    before = set((portal.var / "mailbox").glob("*.json"))
    page.get_by_label("아이 이름").fill(DAUGHTER)
    page.get_by_label("아이 생년월일").fill(day)
    page.get_by_role("button", name="인증번호 보내기").click()
    expect(page.get_by_role("heading", name="인증번호 입력")).to_be_visible(timeout=30_000)
    settled(page)
    assert axe(page) == []
    page.get_by_label("인증번호 (숫자 6자리)").fill(code_in(page, portal, before))
    page.get_by_text("부모", exact=True).click()
    page.get_by_text(re.compile("나는 이 아이의 부모이거나")).click()
    page.get_by_role("button", name="동의하고 연결하기").click()
    expect(page.locator(".jk-said")).to_contain_text("아이와 연결됐고", timeout=30_000)
    settled(page)
    # What her own record tells of the child is offered, with what goes and what comes.
    expect(page.get_by_text("내 정보에서 빠지고, 되돌릴 수 없어요")).to_be_visible()
    assert axe(page) == []
    page.locator(".st-key-move button").click()
    expect(page.locator(".jk-said")).to_contain_text("옮겼어요", timeout=30_000)
    settled(page)
    _act(page, axe)


def _act(page: Page, axe: Callable[[Page], list[str]]) -> None:
    """Correct something and change a consent for the child: the banner stays on every page."""
    page.locator(".st-key-act_1 button").click()
    expect(page.locator(".jk-banner")).to_be_visible(timeout=30_000)
    expect(page.locator(".jk-hello h1")).to_have_text(DAUGHTER, timeout=30_000)
    settled(page)
    assert axe(page) == []
    page.locator(".st-key-edit button").click()
    field = page.get_by_label(re.compile("새 값: 닉네임"))
    expect(field).to_be_visible(timeout=30_000)
    field.fill("하나둘")
    page.get_by_role("button", name="바꾸기").click()
    expect(page.locator(".jk-said")).to_be_visible(timeout=30_000)
    expect(page.locator(".jk-banner")).to_be_visible()
    settled(page)
    assert axe(page) == []
    by_the_bar(page, "동의 관리")
    expect(page.locator(".jk-banner")).to_be_visible(timeout=30_000)
    page.locator(".st-key-consent_marketing label").click()
    expect(page.locator(".jk-consent .jk-said")).to_contain_text("켰어요", timeout=30_000)
    settled(page)
    by_the_bar(page, "열람 기록")
    expect(page.get_by_text("내가 보호자 1로서").first).to_be_visible(timeout=30_000)
    expect(page.locator(".jk-banner")).to_be_visible()
    assert axe(page) == []
    page.locator(".st-key-act_for_self button").click()
    expect(page.locator(".jk-banner")).to_have_count(0, timeout=30_000)
    settled(page)
    by_the_bar(page, "아이 · 보호자")
    expect(page.get_by_text("하나둘").first).to_be_visible(timeout=30_000)
    today = datetime.now(SEOUL)
    expect(page.get_by_text(f"{today.year}. {today.month}. {today.day}.").first).to_be_visible()


def _shows(page: Page, child: str | None, heading: str) -> None:
    """Expect a page about the child, or about oneself; wait until it is drawn."""
    expect(page.locator("h1").first).to_have_text(heading, timeout=30_000)
    banner = page.locator(".jk-banner")
    expect(banner).to_have_count(1 if child else 0, timeout=30_000)
    if child:
        expect(banner).to_contain_text(child)
        expect(page).to_have_url(re.compile(r"\?child=[0-9a-f]+$"))
        expect(page.get_by_test_id("stTopNavSection").first).to_have_text(f"{child}의 정보")
    else:
        expect(page).not_to_have_url(re.compile("child="))
        expect(page.get_by_test_id("stTopNavSection").first).to_have_text("내 정보")
    settled(page)


@pytest.mark.promise("P29")
def test_a_reload_back_and_forward_and_a_second_tab_keep_whose_data_it_is(
    portal: Served, desktop: Page
) -> None:
    page, child = desktop, "가람이"
    sign_in(page, portal.address, "guardian")
    hello = page.locator("h1").first.inner_text()
    page.locator(".st-key-child_1 button").click()
    _shows(page, child, child)
    page.reload()
    _shows(page, child, child)
    page.locator(".st-key-my_data button").click()
    _shows(page, child, "아이 정보")
    page.get_by_test_id("stTopNavSection").nth(1).click()
    page.get_by_test_id("stTopNavDropdownLink").filter(has_text="동의 관리").click()
    _shows(page, child, "아이의 동의 관리 · 광고 수신")
    other = page.context.new_page()
    other.goto(f"{portal.address}/my-data")
    _shows(other, None, "내 정보")
    other.close()
    # Each step back is one page, and the one before acting for the child is one's own.
    for heading in ("아이 정보", child):
        page.go_back()
        _shows(page, child, heading)
    page.go_back()
    _shows(page, None, hello)
    page.go_forward()
    _shows(page, child, child)
    page.get_by_role("link", name="English").click()
    expect(page.locator(".jk-banner")).to_contain_text("as guardian", timeout=30_000)
    page.locator(".st-key-act_for_self button").click()
    expect(page.locator(".jk-banner")).to_have_count(0, timeout=30_000)
    expect(page).not_to_have_url(re.compile("child="))
