"""A real browser for tests, at the width of a desktop and of a phone."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from tests.browser.setup_browser import find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

SWITCHES = (
    "--no-sandbox",  # Chromium's own needs rights that a container lacks
    "--disable-background-networking",
    "--disable-gpu",
    "--no-first-run",
)
KOREA: dict[str, Any] = {"locale": "ko-KR", "timezone_id": "Asia/Seoul"}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
    "device_scale_factor": 2,
    "user_agent": "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Mobile Safari/537.36",
}
GRAVE = {"serious", "critical"}


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """Where the browser is; `make browser` puts one there."""
    found = find()
    assert found, "No Chromium found. Run: make browser"
    return found


@pytest.fixture(scope="module")  # while it lives, no other test of the process can use asyncio
def browser(chromium_path: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium_path, args=SWITCHES)
        yield launched
        launched.close()


@pytest.fixture
def desktop(browser: Browser) -> Iterator[Page]:
    """A page of a browser that nobody used before, 1280 wide."""
    with _page(browser, DESKTOP) as page:
        yield page


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page of a browser that nobody used before, 390 wide, with touch."""
    with _page(browser, PHONE) as page:
        yield page


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page at each width: the test runs twice."""
    with _page(browser, request.param) as page:
        yield page


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """Ask axe what is wrong with a page for people with disabilities: `assert axe(page) == []`."""
    checker = Axe()

    def grave(page: Page) -> list[str]:
        found = checker.run(page).response["violations"]
        return [_sentence(violation) for violation in found if violation["impact"] in GRAVE]

    return grave


def _sentence(violation: dict[str, Any]) -> str:
    places = "; ".join(" ".join(map(str, node["target"])) for node in violation["nodes"])
    return f"{violation['id']} ({violation['impact']}): {violation['help']} at {places}"


@contextmanager
def _page(browser: Browser, size: dict[str, Any]) -> Iterator[Page]:
    context = browser.new_context(**KOREA, **size)
    try:
        yield context.new_page()
    finally:
        context.close()
