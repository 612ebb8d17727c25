"""Who received data, and who was told of a change, in a real browser."""

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


def change(page: Page, portal: Served, item: str, label: str, value: str) -> None:
    page.goto(f"{portal.address}/edit?item={item}")
    settled(page)
    page.get_by_label(f"새 값: {label}").fill(value)
    page.get_by_role("button", name="바꾸기", exact=True).click()
    expect(page.locator(".jk-said")).to_contain_text("바꿨어요", timeout=30_000)


@pytest.mark.promise("P33")
def test_what_went_where_and_who_was_told_of_a_change(
    portal: Served, page: Page, axe: Callable[[Page], list[str]]
) -> None:
    wide = (page.viewport_size or {"width": 0})["width"] > 640
    sign_in(page, portal.address, "member")
    change(page, portal, "nickname", "닉네임", "여름맘" if wide else "가을맘")
    page.goto(f"{portal.address}/sharing")
    settled(page)
    assert axe(page) == []
    picture = page.locator(".jk-flows img")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    expect(page.locator(".jk-flow-to")).to_contain_text("아기띠상점")
    rows = page.locator("#sharing-list + table tbody tr")
    assert rows.count() > 1
    expect(rows.first).to_contain_text("물품 배송")
    told = page.locator("section[aria-labelledby=sharing-told]")
    expect(told).to_contain_text("닉네임")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
