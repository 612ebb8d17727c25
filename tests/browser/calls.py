"""What staff do in the browser with a caller on the line: looked up, opened, verified."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from playwright.sync_api import TimeoutError as NotInTime
from playwright.sync_api import expect

from tests.browser.steps import settled, staff_sign_in

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.serving import Served

SLOW = 30_000


def press(page: Page, name: str) -> None:
    """Press the button of exactly this name."""
    page.get_by_role("button", name=name, exact=True).click()


def choose(page: Page, key: str, option: str) -> None:
    """Choose from a box; a list that opens while the page draws closes again."""
    for _ in range(5):
        page.locator(f".st-key-{key}").get_by_role("combobox").click()
        try:
            page.get_by_role("option", name=re.compile(option)).click(timeout=2_000)
        except NotInTime:
            page.keyboard.press("Escape")
        else:
            return
    raise AssertionError(option)


def mails(portal: Served) -> set[Path]:
    """Return the messages that have been sent so far."""
    return set((portal.var / "mailbox").glob("*.json"))


def message(page: Page, portal: Served, before: set[Path], pattern: str) -> str:
    """Return what a message that came since says at `pattern`; the worker sends it in its time."""
    for _ in range(300):
        for file in mails(portal) - before:
            said = json.loads(file.read_text())
            if found := re.search(pattern, str(said.get("text") or said)):
                return found[1]
        page.wait_for_timeout(100)
    raise AssertionError(portal.log.read_text())


def desk(page: Page, portal: Served, who: str | None = None) -> None:
    """Go to the desk of callers; as `who`, signing in first."""
    if who is not None:
        staff_sign_in(page, portal.address, who)
    page.goto(f"{portal.address}/desk-cases")
    settled(page)


def look_up(page: Page, typed: str) -> None:
    """Look somebody up who is found."""
    page.locator(".st-key-case_typed input").fill(typed)
    press(page, "찾아보기")
    shown(page, "#case-found")


def open_case(page: Page, *wishes: str) -> None:
    """Open the case of who was found, for what they ask."""
    for wish in wishes:
        asked = page.locator('[class*="st-key-case_asked"]')
        asked.get_by_role("button", name=wish, exact=True).click()
    press(page, "상담 열기")
    shown(page, "#case-check")


def read_out_code(page: Page, portal: Served) -> None:
    """Send a code to the mobile and type what the caller reads out."""
    before = mails(portal)
    page.locator(".st-key-send_mobile_code button").click()
    field = page.locator(".st-key-case_code_typed input")
    expect(field).to_be_visible(timeout=SLOW)
    field.fill(message(page, portal, before, r"번호예요: (\d{6})"))
    press(page, "맞춰 보기")
    shown(page, ".st-key-to_my_data button")


def look_at_data(page: Page) -> None:
    """Open the member's data in the case."""
    page.locator(".st-key-to_my_data button").click()
    shown(page, "#item-email")


def number_of(page: Page) -> str:
    """Return the number of the case in hand."""
    found = re.search(r"\d{6}-\w{4}", page.locator(".jk-case-banner").inner_text())
    assert found is not None
    return found[0]


def shown(page: Page, place: str) -> None:
    """Wait until it is there and the page has been drawn."""
    expect(page.locator(place)).to_be_visible(timeout=SLOW)
    settled(page)
