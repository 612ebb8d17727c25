"""What a member was told, in a real browser: the letter, its link, read and unread."""

from __future__ import annotations

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


def test_a_stop_is_told_and_the_letter_leads_to_its_page(
    portal: Served, page: Page, axe: Callable[[Page], list[str]]
) -> None:
    wide = (page.viewport_size or {"width": 0})["width"] > 640
    sign_in(page, portal.address, "newparent" if wide else "member")
    page.goto(f"{portal.address}/stop")
    settled(page)
    page.get_by_role("combobox").click()
    page.get_by_role("option").filter(has_text="마케팅과 광고: 모두").click()
    page.locator(".st-key-stop button").click()
    page.get_by_text("멈췄어요").first.wait_for()
    page.goto(f"{portal.address}/messages")
    settled(page)
    assert axe(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    letter = page.locator(".jk-letter").first
    expect(letter).to_have_class("jk-letter jk-unread")
    letter.locator("a").first.click()
    expect(page).not_to_have_url(f"{portal.address}/messages", timeout=30_000)
    settled(page)
    page.goto(f"{portal.address}/messages")
    settled(page)
    expect(page.locator(".jk-letter").first).to_have_class("jk-letter")
