"""Consents in a real browser: a switch, what it said, its receipt, and a device refused."""

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


@pytest.mark.promise("P22")
def test_switch_take_the_receipt_and_refuse_a_device(
    portal: Served, page: Page, axe: Callable[[Page], list[str]]
) -> None:
    sign_in(page, portal.address, "member")
    page.goto(f"{portal.address}/consents")
    settled(page)
    assert axe(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert wide
    switch = page.locator(".st-key-consent_marketing input")
    was = switch.is_checked()
    page.locator(".st-key-consent_marketing label").click()
    said = page.locator(".jk-consent .jk-said")
    expect(said).to_be_visible(timeout=30_000)
    settled(page)
    assert axe(page) == []
    with page.expect_download() as taken:
        said.get_by_role("link").click()
    receipt = taken.value.path().read_text(encoding="utf-8")
    assert "마케팅에 활용하기" in receipt
    assert taken.value.suggested_filename == "jikim-consents.html"
    page.reload()
    settled(page)
    expect(switch).to_be_checked(checked=not was)
    page.locator("[class*=st-key-refuse_] button").first.wait_for()
    settled(page)
    left = page.locator("[class*=st-key-refuse_]").count()
    page.locator("[class*=st-key-refuse_] button").first.click()
    page.locator("[class*=st-key-refuse_yes_] button").click()
    expect(page.locator(".jk-said")).to_contain_text("식별번호를 지웠", timeout=30_000)
    settled(page)
    expect(page.locator("[class*=st-key-refuse_]")).to_have_count(left - 1, timeout=30_000)
    assert axe(page) == []
