"""What a person does in the browser, in their words."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from playwright.sync_api import TimeoutError as NotInTime
from playwright.sync_api import expect
from sqlalchemy import create_engine, text

from db import embedded

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.browser.serving import Served


def settled(page: Page) -> None:
    """Wait until Streamlit has finished drawing."""
    expect(page.locator(".jk").last).to_be_visible(timeout=30_000)
    running = page.locator("[data-testid=stApp]:not([data-test-script-state=notRunning])")
    expect(running).to_have_count(0, timeout=30_000)
    expect(page.locator("[data-testid=stStatusWidget]")).to_have_count(0, timeout=30_000)


def give_password(page: Page, who: str, password: str = "demo") -> None:  # noqa: S107
    """Fill in the sign-in form with the keyboard."""
    expect(page.locator("input[type=password]")).to_be_visible(timeout=30_000)
    if page.locator("input[autocomplete=username]").is_editable():
        page.locator("input[autocomplete=username]").fill(who)
    page.locator("input[type=password]").fill(password)
    page.keyboard.press("Enter")


def sign_in(page: Page, address: str, who: str, password: str = "demo") -> None:  # noqa: S107
    """Go to the portal and sign in as a member."""
    page.goto(address)
    page.locator(".st-key-sign_in button").click()
    give_password(page, who, password)
    expect(page.locator(".st-key-sign_out button")).to_be_visible(timeout=30_000)
    settled(page)


def sign_out(page: Page) -> None:
    """Leave."""
    page.locator(".st-key-sign_out button").click()
    expect(page.locator(".st-key-sign_in button")).to_be_visible(timeout=30_000)
    settled(page)


def my_data(page: Page, address: str) -> None:
    """Open "My data"."""
    page.goto(f"{address}/my-data")
    expect(page.locator("#item-email")).to_be_visible(timeout=30_000)
    settled(page)


def first_password(page: Page, portal: Served, email: str, password: str) -> None:
    """Ask for a first password and set it by the link that comes to the demo's mailbox."""
    page.goto(portal.address)
    page.locator(".st-key-sign_in button").click()
    page.get_by_role("link", name=re.compile("처음이신가요")).click()
    page.locator("input[name=identifier]").fill(email)
    before = set((portal.var / "mailbox").glob("*.json"))
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_contain_text("이메일을 확인해 주세요", timeout=30_000)
    page.goto(newest_link(page, portal, before))
    for field in page.locator("input[type=password]").all():
        field.fill(password)
    page.keyboard.press("Enter")
    # Wait for the answer: going on at once would cut the request off.
    expect(page.get_by_role("link", name="로그인하러 가기")).to_be_visible(timeout=30_000)


def newest_link(page: Page, portal: Served, before: set[Path]) -> str:
    """Return the link in the mail that came since; the worker sends it when it gets to it."""
    for _ in range(300):
        for mail in set((portal.var / "mailbox").glob("*.json")) - before:
            said = json.loads(mail.read_text())["text"]
            if link := re.search(r"http://\S+/signin/set\?\S+", said):
                return link[0]
        page.wait_for_timeout(100)
    raise AssertionError(portal.log.read_text())


def staff_sign_in(page: Page, address: str, who: str, password: str = "demo") -> None:  # noqa: S107
    """Go to the portal and sign in as one of the staff."""
    page.goto(address)
    page.locator(".st-key-staff_sign_in button").click()
    give_password(page, who, password)
    expect(page.locator(".st-key-sign_out button")).to_be_visible(timeout=30_000)
    settled(page)


def choose(page: Page, option: Locator) -> None:
    """Choose from the first box; a list that opens while the page draws closes again."""
    for _ in range(5):
        page.get_by_role("combobox").first.click()
        try:
            option.click(timeout=2_000)
        except NotInTime:
            page.keyboard.press("Escape")
        else:
            return
    message = "the list never opened"
    raise AssertionError(message)


def long_ago(portal: Served) -> None:
    """Let every sign-in be 20 minutes old: what needs a verification asks for one."""
    server = embedded.start(portal.var)
    engine = create_engine(server.url(embedded.SUPERUSER, server.password, "portal"))
    with engine.begin() as connection:
        connection.execute(
            text(
                "update ops.session set verified_at = verified_at - interval '20 minutes',"
                " signed_in_at = signed_in_at - interval '20 minutes'"
            )
        )
    engine.dispose()
