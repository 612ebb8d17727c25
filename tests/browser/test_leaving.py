"""Leaving and looking it up afterwards, in a real browser at both widths (P30, P34)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.serving import serve
from tests.browser.steps import give_password, long_ago, settled, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.browser.serving import Served

WHO = {1280: "newparent", 390: "guardian"}
"""Each width of the browser has a person of its own to see off."""


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    with serve() as served:
        yield served


def value_of(page: Page, number: int) -> str:
    return page.locator(".jk-certificate dd").nth(number).inner_text()


@pytest.mark.promise("P05", "P30", "P34")
def test_from_the_summary_to_the_certificate_and_back_by_number_and_secret(
    portal: Served, page: Page, axe: Callable[[Page], list[str]]
) -> None:
    width = page.viewport_size["width"] if page.viewport_size else 0
    who = WHO[width]
    sign_in(page, portal.address, who)
    long_ago(portal)
    page.goto(f"{portal.address}/leave")
    expect(page.locator("#kept")).to_be_visible(timeout=30_000)
    settled(page)
    assert axe(page) == []
    page.locator(".st-key-verify button").click()
    give_password(page, who)
    expect(page.locator(".st-key-leave button")).to_be_visible(timeout=30_000)
    settled(page)
    page.locator(".st-key-leave button").click()
    expect(page.locator("#gone")).to_be_visible(timeout=60_000)
    expect(page.locator("body")).to_contain_text("이 포털: 파기됨", timeout=60_000)
    settled(page)
    assert axe(page) == []
    number, secret = value_of(page, 0), value_of(page, 1)
    expect(page.locator(".st-key-sign_out button")).to_have_count(0)
    with page.expect_download() as found:
        page.get_by_role("link", name="확인서 받기").click()
    assert number in found.value.suggested_filename
    page.goto(f"{portal.address}/status")
    settled(page)
    expect(page.locator("body")).not_to_contain_text(number)
    page.get_by_label("확인서 번호").fill(number)
    page.get_by_label("확인서 비밀번호").fill(secret)
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_contain_text("이 포털: 파기됨", timeout=30_000)
    settled(page)
    assert axe(page) == []
    # Nobody signs in as them any more.
    page.goto(portal.address)
    page.locator(".st-key-sign_in button").click()
    give_password(page, who)
    expect(page.locator("input[type=password]")).to_be_visible(timeout=30_000)


def test_who_sleeps_leaves_without_waking(portal: Served, phone: Page) -> None:
    sign_in(phone, portal.address, "dormant")
    phone.locator(".st-key-leave button").click()
    expect(phone.locator("#kept")).to_be_visible(timeout=30_000)
    settled(phone)
    phone.locator(".st-key-leave button").click()
    expect(phone.locator("body")).to_contain_text("이 포털: 파기됨", timeout=60_000)
