"""A bar on joining again: placed by an officer, objected to by the member, lifted by another."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from db import clock, company_keys
from services.webhook import signature
from tests.browser.serving import serve
from tests.browser.steps import settled, sign_in, sign_out, staff_sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.browser.serving import Served


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    with serve() as served:
        yield served


def go(page: Page, portal: Served, path: str, language: str = "ko") -> None:
    page.goto(f"{portal.address}/language/{language}?back={path}")
    page.locator(f"html[lang={language}] .jk h1").first.wait_for()
    settled(page)


def fits(page: Page) -> bool:
    return bool(page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))


def may_join(portal: Served, email: str) -> bool:
    """Ask as the demo's app does when somebody signs up, over the network."""
    body = json.dumps({"id": str(uuid4()), "email": email}).encode()
    stamp = str(int(clock.now().timestamp()))
    secret = company_keys.load(portal.var / "keys").secret("demo-app", 1)
    headers = {
        "Jikim-Company": "demo-app", "Jikim-Timestamp": stamp,
        "Jikim-Signature": signature(secret, stamp, body),
    }  # fmt: skip
    request = Request(f"{portal.address}/joining-check", body, headers)  # noqa: S310 (our own)
    with urlopen(request, timeout=10) as answer:  # noqa: S310 (our own address)
        return bool(json.load(answer)["may_join"])


def barred_soon(portal: Served, page: Page, email: str) -> bool:
    """Wait for the worker; return whether the answer became no."""
    for _ in range(100):
        if not may_join(portal, email):
            return True
        page.wait_for_timeout(200)
    return False


def fill_in(page: Page, email: str) -> None:
    """Fill in the form; a click or a key that comes while the page still draws is repeated."""
    until = clock.seoul_day(clock.now()) + timedelta(days=60)
    who, words = page.get_by_label("누구를"), "혜택이나 이벤트를 부정하게 씀"
    year, day = page.get_by_role("spinbutton").first, page.get_by_role("spinbutton").last
    for _ in range(5):
        who.fill(email)
        page.get_by_text(words).last.click()
        year.click()
        page.keyboard.type(f"{until:%Y%m%d}")
        page.keyboard.press("Escape")  # the calendar would cover the button
        settled(page)
        chosen = page.get_by_role("radio", name=words).is_checked()
        if chosen and who.input_value() == email and day.inner_text().lstrip("0") == str(until.day):
            return
    pytest.fail("the form never held what was filled in")


@pytest.mark.promise("P40")
def test_placed_objected_to_and_lifted(
    portal: Served, page: Page, axe: Callable[[Page], list[str]]
) -> None:
    wide = (page.viewport_size or {"width": 0})["width"] > 640
    who = "newparent" if wide else "guardian"
    staff_sign_in(page, portal.address, "officer")
    go(page, portal, "/desk-bars")
    assert (axe(page), fits(page)) == ([], True)
    fill_in(page, f"{who}@example.com")
    page.get_by_role("button", name="제한하기", exact=True).click()
    page.locator(".jk-said").filter(has_text="제한했어요").wait_for()
    settled(page)
    assert (axe(page), fits(page)) == ([], True)
    sign_out(page)
    assert barred_soon(portal, page, f"{who}@example.com")
    assert may_join(portal, "member@example.com")
    assert may_join(portal, "nobody@example.com")

    sign_in(page, portal.address, who)
    expect(page.get_by_role("link", name="다시 가입 제한")).to_be_visible()
    for language in ("en", "ko"):
        go(page, portal, "/requests", language)
        page.locator("#bar").wait_for()
        assert (axe(page), fits(page)) == ([], True)
    page.locator(".st-key-object_bar button").click()
    page.get_by_text("이의를 받았어요").first.wait_for()
    settled(page)
    assert axe(page) == []
    sign_out(page)

    staff_sign_in(page, portal.address, "officer2")
    go(page, portal, "/desk-bars", "en")
    page.get_by_text("10 days left").wait_for()
    assert (axe(page), fits(page)) == ([], True)
    go(page, portal, "/desk-bars")
    page.locator(".st-key-lift_bar button").click()
    page.locator(".jk-said").filter(has_text="제한을 풀었어요").wait_for()
    settled(page)
    assert (axe(page), fits(page)) == ([], True)
    assert may_join(portal, f"{who}@example.com")
