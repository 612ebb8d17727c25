"""No grave finding on any page, the keyboard alone, visible focus, the right language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.serving import serve
from tests.browser.steps import settled, sign_in, sign_out, staff_sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.browser.serving import Served

PUBLIC = ("/policy", "/contact", "/notices", "/status", "/mailbox")
MEMBER = ("/", "/my-data", "/history", "/consents", "/stop", "/requests", "/leave", "/family")
MOST_TABS = 60


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    with serve() as served:
        yield served


def go(page: Page, portal: Served, path: str, language: str = "ko") -> None:
    page.goto(f"{portal.address}/language/{language}?back={path}")
    settled(page)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_no_grave_finding_on_any_page(
    portal: Served, page: Page, axe: Callable[[Page], list[str]], language: str
) -> None:
    for path in ("/", *PUBLIC):
        go(page, portal, path, language)
        assert axe(page) == [], path
    sign_in(page, portal.address, "member")
    for path in MEMBER:
        go(page, portal, path, language)
        assert axe(page) == [], path
        assert page.locator("html").get_attribute("lang") == language


def test_no_grave_finding_where_the_computer_is_dark(
    portal: Served, desktop: Page, axe: Callable[[Page], list[str]]
) -> None:
    page = desktop
    page.emulate_media(color_scheme="dark")
    sign_in(page, portal.address, "member")
    ground = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
    assert page.evaluate(ground) == "rgb(25, 21, 18)"
    for path in ("/", "/my-data", "/consents", "/sharing", "/edit", "/leave"):
        page.goto(f"{portal.address}{path}")
        settled(page)
        assert axe(page) == [], path
    sign_out(page)
    staff_sign_in(page, portal.address, "officer")
    for path in ("/", "/desk-cases", "/desk-officer", "/desk-destruction", "/desk-staff"):
        page.goto(f"{portal.address}{path}")
        settled(page)
        assert axe(page) == [], path


def test_no_grave_finding_in_the_officers_section_of_children(
    portal: Served, page: Page, axe: Callable[[Page], list[str]]
) -> None:
    staff_sign_in(page, portal.address, "officer")
    page.goto(f"{portal.address}/desk-officer")
    settled(page)
    page.get_by_role("radio", name="아이와 보호자").click()
    expect(page.locator("#custody")).to_be_visible(timeout=30_000)
    settled(page)
    assert axe(page) == []


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is on `selector`, as somebody without a mouse does."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement?.matches(s)", selector):
            return
    message = f"{selector} can't be reached with the keyboard"
    raise AssertionError(message)


def outlined(page: Page) -> bool:
    """Return whether the focused element shows that it has the focus."""
    return bool(
        page.evaluate(
            "() => { const s = getComputedStyle(document.activeElement);"
            " return (s.outlineStyle !== 'none' && s.outlineWidth !== '0px')"
            " || s.boxShadow !== 'none'; }"
        )
    )


def test_the_keyboard_alone_suffices(portal: Served, desktop: Page) -> None:
    desktop.goto(portal.address)
    settled(desktop)
    tab_to(desktop, ".st-key-sign_in button")
    assert outlined(desktop)
    desktop.keyboard.press("Enter")
    expect(desktop.locator("input[type=password]")).to_be_visible(timeout=30_000)
    # The first field has the focus already.
    desktop.keyboard.type("member")
    tab_to(desktop, "input[type=password]")
    assert outlined(desktop)
    desktop.keyboard.type("demo")
    desktop.keyboard.press("Enter")
    expect(desktop.locator(".st-key-my_data button")).to_be_visible(timeout=30_000)
    settled(desktop)
    tab_to(desktop, ".st-key-my_data button")
    desktop.keyboard.press("Enter")
    expect(desktop.locator(".st-key-show button")).to_be_visible(timeout=30_000)
    settled(desktop)
    tab_to(desktop, ".st-key-show button")
    assert outlined(desktop)
    desktop.keyboard.press("Enter")
    expect(desktop.locator(".st-key-hide button")).to_be_visible(timeout=30_000)
    tab_to(desktop, "summary")
    assert outlined(desktop)
    desktop.keyboard.press("Enter")
    expect(desktop.locator("details[open]").first).to_be_visible()
    desktop.goto(portal.address)
    settled(desktop)
    tab_to(desktop, ".st-key-sign_out button")
    assert outlined(desktop)
    desktop.keyboard.press("Enter")
    expect(desktop.locator(".st-key-sign_in button")).to_be_visible(timeout=30_000)


def test_text_can_be_enlarged_to_twice_its_size(portal: Served, desktop: Page) -> None:
    """At 640 CSS pixels, as at 200 % zoom on 1280, nothing is cut off sideways."""
    desktop.set_viewport_size({"width": 640, "height": 450})
    sign_in(desktop, portal.address, "member")
    for path in MEMBER:
        go(desktop, portal, path)
        assert desktop.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), path
