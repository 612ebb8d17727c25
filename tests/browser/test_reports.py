"""A report from sending to answer in a real browser: signed out, on the desk, found again (P35)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.serving import serve
from tests.browser.steps import settled, staff_sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from tests.browser.serving import Served


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    with serve() as served:
        yield served


@pytest.mark.promise("P35")
def test_a_report_is_sent_answered_and_found_again(
    portal: Served, phone: Page, browser: Browser, axe: Callable[[Page], list[str]]
) -> None:
    phone.goto(f"{portal.address}/contact")
    settled(phone)
    assert axe(phone) == []
    phone.get_by_label("무슨 일이 있었나요").fill("제 주소가 잘못 쓰인 것 같아요")
    phone.get_by_role("button", name="보내기", exact=True).click()
    made = phone.get_by_role("status").filter(has_text="잘 받았어요")
    made.wait_for()
    number = str(re.findall(r"[0-9A-Z]{5}-[0-9A-Z]{5}", made.inner_text())[0])
    settled(phone)
    assert axe(phone) == []

    desk = browser.new_context(locale="ko-KR").new_page()
    staff_sign_in(desk, portal.address, "agent")
    desk.goto(f"{portal.address}/desk-reports")
    desk.get_by_text(number).first.wait_for()
    desk.get_by_role("button", name="열기", exact=True).click()
    desk.get_by_text("제 주소가 잘못 쓰인 것 같아요").wait_for()
    settled(desk)
    assert axe(desk) == []
    desk.get_by_role("textbox", name="답변", exact=True).fill("고쳤어요")
    desk.get_by_text("바로잡음", exact=True).click()
    desk.get_by_role("button", name="답하고 마치기", exact=True).click()
    desk.get_by_text("답변을 남겼고").wait_for()
    desk.context.close()

    # Anything that this tab does shows the thread as it is by then.
    phone.get_by_label("더 적기").fill("고맙습니다")
    phone.get_by_label("더 적기").blur()
    phone.get_by_role("button", name="보내기", exact=True).last.click()
    phone.get_by_text("바로잡음").wait_for()
    phone.get_by_text("고쳤어요").wait_for()
