"""One correction and one clearing in a real browser, and the link of a new address (P30)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.serving import serve
from tests.browser.steps import settled, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.browser.serving import Served


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    with serve() as served:
        yield served


def edit(page: Page, portal: Served, item: str) -> None:
    page.goto(f"{portal.address}/edit?item={item}")
    expect(page.locator("#edit-item")).to_be_visible(timeout=30_000)
    settled(page)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def narrow(page: Page) -> bool:
    return bool(page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.promise("P30")
def test_one_is_put_right_and_one_is_cleared(
    portal: Served, page: Page, axe: Callable[[Page], list[str]]
) -> None:
    wide = (page.viewport_size or {"width": 0})[
        "width"
    ] > 640  # each width has its own person to change
    sign_in(page, portal.address, "newparent" if wide else "member")
    edit(page, portal, "nickname")
    assert axe(page) == []
    assert narrow(page)
    page.get_by_label("새 값: 닉네임").fill("<b>바다맘</b>")
    press(page, "바꾸기")
    expect(page.locator(".jk-said")).to_contain_text("바꿨어요", timeout=30_000)
    expect(page.locator(".jk-value bdi")).to_have_text("<b>바다맘</b>")
    edit(page, portal, "baby_date")
    press(page, "지우기")
    expect(page.locator(".st-key-edit_sure button")).to_be_visible(timeout=30_000)
    assert axe(page) == []
    page.locator(".st-key-edit_baby button").click()
    expect(page.locator(".jk-said")).to_contain_text("지웠어요", timeout=30_000)
    assert axe(page) == []


def newest_link(page: Page, portal: Served, address: str) -> str:
    for _ in range(300):
        for mail in (portal.var / "mailbox").glob("*.json"):
            said = json.loads(mail.read_text())
            link = re.search(r"http://\S+/confirm-email\?token=[\w-]+", said["text"])
            if link and said["to"] == address:
                return link[0]
        page.wait_for_timeout(100)
    raise AssertionError(portal.log.read_text())


def test_a_new_address_is_confirmed_in_another_browser(
    portal: Served, desktop: Page, phone: Page, axe: Callable[[Page], list[str]]
) -> None:
    sign_in(desktop, portal.address, "quiet")
    edit(desktop, portal, "email")
    desktop.get_by_label("새 값: 이메일").fill("neu@example.org")
    press(desktop, "바꾸기")
    expect(desktop.locator(".jk-said")).to_contain_text("링크", timeout=30_000)
    phone.goto(newest_link(phone, portal, "neu@example.org"))
    assert axe(phone) == []
    phone.get_by_role("button", name="이 이메일 쓰기").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("새 이메일로 바뀌었어요")
    assert axe(phone) == []
    edit(desktop, portal, "email")
    expect(desktop.locator(".jk-value bdi")).to_have_text("neu@example.org")
