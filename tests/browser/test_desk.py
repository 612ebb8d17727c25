"""The staff's pages in a real browser, at both widths, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.serving import serve
from tests.browser.steps import settled, staff_sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.browser.serving import Served

OFFICER = {
    "/": "직원으로 로그인했어요",
    "/desk-cases": "상담",
    "/desk-queue": "결정할 요청",
    "/desk-officer": "보호책임자 업무",
    "/desk-destruction": "파기",
    "/desk-companies": "회사",
    "/desk-staff": "직원",
    "/desk-reports": "문의·신고",
}


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    with serve() as served:
        yield served


def fits(page: Page) -> bool:
    return bool(page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))


def test_the_officers_pages_have_no_grave_finding(
    portal: Served, page: Page, axe: Callable[[Page], list[str]]
) -> None:
    staff_sign_in(page, portal.address, "officer")
    for path, title in OFFICER.items():
        page.goto(f"{portal.address}/language/ko?back={path}")
        page.get_by_role("heading", level=1, name=title, exact=True).wait_for()
        settled(page)
        assert (axe(page), fits(page)) == ([], True), path
        page.goto(f"{portal.address}/language/en?back={path}")
        page.locator("html[lang=en] .jk h1").first.wait_for()
        settled(page)
        assert (axe(page), fits(page)) == ([], True), path


def test_an_agent_is_shown_nothing_of_the_officers(
    portal: Served, desktop: Page, axe: Callable[[Page], list[str]]
) -> None:
    staff_sign_in(desktop, portal.address, "agent")
    for path in ("/desk-officer", "/desk-destruction"):
        desktop.goto(f"{portal.address}{path}")
        desktop.get_by_text("이 화면은 볼 수 없어요").first.wait_for()
        settled(desktop)
        assert axe(desktop) == []
        assert desktop.get_by_role("heading", name=OFFICER[path], exact=True).count() == 0
