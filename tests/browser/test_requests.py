"""A stop as a member makes it, at both widths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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


def test_a_member_stops_marketing_sees_the_request_and_lets_it_go_on(
    portal: Served, page: Page, axe: Callable[[Page], list[str]]
) -> None:
    sign_in(page, portal.address, "member")
    page.goto(f"{portal.address}/stop")
    settled(page)
    page.get_by_role("combobox").click()
    page.get_by_role("option").filter(has_text="마케팅과 광고: 모두").click()
    page.locator("#before-after").wait_for()
    settled(page)
    assert axe(page) == []
    page.locator(".st-key-stop button").click()
    page.get_by_text("멈췄어요").first.wait_for()
    page.goto(f"{portal.address}/requests")
    settled(page)
    page.get_by_text("10일 남았어요").wait_for()
    assert axe(page) == []
    page.goto(f"{portal.address}/stop")
    settled(page)
    page.locator(".st-key-lift_0 button").click()
    page.get_by_text("멈춰 있는 것이 없어요").wait_for()
