"""The content security policy in a real browser: every page works, and none breaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.serving import serve
from tests.browser.steps import give_password, my_data, settled, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import ConsoleMessage, Page

    from tests.browser.serving import Served

OPEN = ("/", "/policy", "/contact", "/notices", "/mailbox", "/my-data", "/nowhere")
MEMBERS = (*OPEN, "/export")
_LISTEN = (
    "window.jkBroken = []; document.addEventListener('securitypolicyviolation', "
    "e => window.jkBroken.push(`${e.violatedDirective} ${e.blockedURI}`))"
)


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    with serve() as served:
        yield served


@pytest.fixture
def complaints(desktop: Page) -> list[str]:
    """What the browser complained of, page after page."""
    heard: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            heard.append(message.text)

    desktop.add_init_script(_LISTEN)
    desktop.on("console", note)
    return heard


def broken(page: Page) -> list[str]:
    found: list[str] = page.evaluate("window.jkBroken")
    return found


def visit(page: Page, portal: Served, paths: tuple[str, ...], language: str) -> None:
    page.goto(f"{portal.address}/language/{language}?back=/")
    for path in paths:
        answer = page.goto(f"{portal.address}{path}")
        assert answer
        sent = answer.headers["content-security-policy"]
        assert "script-src 'self' 'wasm-unsafe-eval' 'sha256-" in sent
        settled(page)
        assert page.evaluate("document.documentElement.lang") == language
        assert broken(page) == [], path


@pytest.mark.parametrize("language", ["ko", "en"])
def test_no_page_breaks_the_policy_signed_out(
    portal: Served, desktop: Page, complaints: list[str], language: str
) -> None:
    visit(desktop, portal, OPEN, language)
    assert complaints == []


@pytest.mark.parametrize("language", ["ko", "en"])
def test_no_page_breaks_the_policy_signed_in(
    portal: Served, desktop: Page, complaints: list[str], language: str
) -> None:
    sign_in(desktop, portal.address, "member")
    visit(desktop, portal, MEMBERS, language)
    my_data(desktop, portal.address)
    desktop.locator(".st-key-show button").click()
    expect(desktop.locator(".st-key-hide button")).to_be_visible(timeout=30_000)
    # The picture of the profile is shown from its data, without a request.
    expect(desktop.locator("#item-profile_image")).to_be_attached()
    settled(desktop)
    assert broken(desktop) == []
    assert complaints == []


def test_staff_pages_keep_to_it_too(portal: Served, desktop: Page, complaints: list[str]) -> None:
    desktop.goto(portal.address)
    desktop.locator(".st-key-staff_sign_in button").click()
    give_password(desktop, "agent")
    expect(desktop.locator(".st-key-sign_out button")).to_be_visible(timeout=30_000)
    settled(desktop)
    assert broken(desktop) == []
    assert complaints == []


def test_a_script_that_is_not_ours_does_not_run(
    portal: Served, desktop: Page, complaints: list[str]
) -> None:
    desktop.goto(portal.address)
    settled(desktop)
    desktop.evaluate(
        "document.body.appendChild(Object.assign(document.createElement('script'), "
        "{text: 'window.jkRan = 1'}))"
    )
    assert desktop.evaluate("window.jkRan") is None
    assert any("script-src" in one for one in broken(desktop))
    assert complaints


@pytest.mark.promise("P24")
def test_every_cookie_is_out_of_reach_but_the_one_streamlit_must_read(
    portal: Served, desktop: Page
) -> None:
    sign_in(desktop, portal.address, "member")
    cookies = desktop.context.cookies()
    assert {c["name"] for c in cookies} >= {"portal", "_streamlit_user", "_streamlit_xsrf"}
    assert {c["name"] for c in cookies if not c["httpOnly"]} == {"_streamlit_xsrf"}
    assert {c["sameSite"] for c in cookies} == {"Lax"}
    lasting = [
        c["expires"] for c in cookies if c["name"].startswith("_streamlit") and c["expires"] > 0
    ]
    now = desktop.evaluate("Date.now() / 1000")
    assert lasting
    assert max(lasting) - now <= 12 * 3600 + 5
