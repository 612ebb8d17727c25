"""The browser itself: both widths, Korean, and a checker that finds what it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

GOOD = "<html lang=ko><title>t</title><main><h1>안녕하세요</h1><img src='data:,' alt='꽃'></main>"
BAD = GOOD.replace("alt='꽃'", "")


def test_the_checker_finds_a_picture_without_words(
    page: Page, axe: Callable[[Page], list[str]]
) -> None:
    page.set_content(GOOD)
    assert axe(page) == []
    page.set_content(BAD)
    assert [found.split()[0] for found in axe(page)] == ["image-alt"]


def test_a_phone_is_narrow_and_has_touch(phone: Page) -> None:
    phone.set_content("<meta name=viewport content='width=device-width'>")
    assert phone.evaluate("[innerWidth, navigator.maxTouchPoints > 0]") == [390, True]


def test_a_desktop_is_wide_and_korean(desktop: Page) -> None:
    zone = "Intl.DateTimeFormat().resolvedOptions().timeZone"
    asked = f"[innerWidth, navigator.language, {zone}]"
    assert desktop.evaluate(asked) == [1280, "ko-KR", "Asia/Seoul"]
