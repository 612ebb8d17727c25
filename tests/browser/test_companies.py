"""The officer enters a company and ends the work with it, at both widths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.serving import serve
from tests.browser.steps import choose, give_password, settled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.browser.serving import Served


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    with serve() as served:
        yield served


def test_an_officer_enters_a_source_system_and_ends_it(
    portal: Served, page: Page, axe: Callable[[Page], list[str]]
) -> None:
    page.goto(portal.address)
    page.locator(".st-key-staff_sign_in button").click()
    give_password(page, "officer")
    expect(page.locator(".st-key-sign_out button")).to_be_visible(timeout=30_000)
    page.goto(f"{portal.address}/desk-companies")
    page.locator("#companies-recipient").wait_for()
    settled(page)
    choose(page, page.get_by_role("option").nth(0))
    page.get_by_role("textbox").first.wait_for()
    settled(page)
    assert axe(page) == []
    choose(page, page.get_by_role("option").nth(2))
    page.get_by_role("textbox").nth(2).wait_for(state="visible")
    expect(page.get_by_role("textbox")).to_have_count(3)
    page.get_by_role("textbox").first.fill("[가상] 새 시스템")
    page.get_by_role("button", name="추가하기").click()
    page.get_by_text("이제 목록에 있어요: [가상] 새 시스템").wait_for()
    settled(page)
    page.get_by_role("combobox").click()
    page.keyboard.type("새 시스템")  # a long list draws only what it shows
    page.get_by_role("option").filter(has_text="새 시스템").click()
    page.locator(".st-key-company_end button").click()
    page.locator(".st-key-company_sure button").click()
    expect(page.locator(".jk-card").filter(has_text="새 시스템")).to_have_count(0)
    settled(page)
    assert axe(page) == []
