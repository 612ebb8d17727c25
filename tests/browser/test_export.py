"""From the wish to the file on the disk, in a real browser at both widths (P29, P30)."""

from __future__ import annotations

import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import create_engine, text

from db import embedded
from tests.browser.serving import serve
from tests.browser.steps import give_password, long_ago, settled, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.browser.serving import Served

WHO = {1280: "member", 390: "newparent"}
"""Each width of the browser has a person of its own."""


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    with serve() as served:
        yield served


def fits(page: Page) -> bool:
    return bool(page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))


def taken(page: Page) -> zipfile.ZipFile:
    with page.expect_download() as found:
        page.locator(".jk-export a").click()
    assert found.value.suggested_filename.startswith("jikim-my-data-")
    return zipfile.ZipFile(found.value.path())


@pytest.mark.promise("P29", "P30")
def test_from_the_wish_to_the_file_and_its_end(
    portal: Served, page: Page, axe: Callable[[Page], list[str]]
) -> None:
    width = page.viewport_size["width"] if page.viewport_size else 0
    who = WHO[width]
    sign_in(page, portal.address, who)
    long_ago(portal)
    page.locator(".st-key-export button").click()
    expect(page.locator("#happens")).to_be_visible(timeout=30_000)
    settled(page)
    assert axe(page) == []
    assert fits(page)
    page.get_by_text("엑셀 파일도 함께 담기").click()
    page.locator(".st-key-make button").click()
    give_password(page, who)
    # What was chosen is made without asking again.
    expect(page.locator("#ready")).to_be_visible(timeout=60_000)
    settled(page)
    expect(page.locator(".jk-export")).to_contain_text("Excel")
    assert axe(page) == []
    assert fits(page)
    packed = taken(page)
    assert packed.testzip() is None
    assert any(name.endswith(".html") for name in packed.namelist())
    found = b"".join(packed.read(name) for name in packed.namelist() if name.endswith(".json"))
    assert "@example" in found.decode()
    page.goto(f"{portal.address}/history")
    expect(page.locator("body")).to_contain_text("자료를 받았어요", timeout=30_000)
    page.goto(f"{portal.address}/export")
    expect(page.locator("#ready")).to_be_visible(timeout=30_000)
    link = page.locator(".jk-export a").get_attribute("href")
    page.locator(".st-key-destroy button").click()
    expect(page.locator("#happens")).to_be_visible(timeout=30_000)
    settled(page)
    assert page.request.get(f"{portal.address}{link}").status == 410
    expect(page.locator("body")).to_contain_text("지난번 자료")
    for _ in range(100):
        if not list((portal.var / "exports").glob("*")):
            break
        page.wait_for_timeout(100)  # the worker gets to it
    assert not list((portal.var / "exports").glob("*"))


def test_who_sleeps_takes_it_and_goes_on_sleeping(
    portal: Served, phone: Page, axe: Callable[[Page], list[str]]
) -> None:
    sign_in(phone, portal.address, "dormant")
    phone.locator(".st-key-export button").click()
    expect(phone.locator("#happens")).to_be_visible(timeout=30_000)
    settled(phone)
    phone.locator(".st-key-make button").click()
    expect(phone.locator("#ready")).to_be_visible(timeout=60_000)
    settled(phone)
    assert axe(phone) == []
    assert taken(phone).testzip() is None
    phone.goto(portal.address)
    expect(phone.locator(".st-key-wake button")).to_be_visible(timeout=30_000)


@contextmanager
def held_up(portal: Served) -> Iterator[None]:
    """Let no copy go beyond its beginning meanwhile: the worker waits for the table of keys."""
    server = embedded.start(portal.var)
    engine = create_engine(server.url(embedded.SUPERUSER, server.password, "portal_keys"))
    with engine.begin() as connection:
        connection.execute(text("lock table keys.export_key in access exclusive mode"))
        yield
    engine.dispose()


def test_a_copy_under_way_is_watched_and_stopped(
    portal: Served, desktop: Page, axe: Callable[[Page], list[str]]
) -> None:
    sign_in(desktop, portal.address, "quiet")
    desktop.goto(f"{portal.address}/export")
    expect(desktop.locator("#happens")).to_be_visible(timeout=30_000)
    settled(desktop)
    with held_up(portal):
        desktop.locator(".st-key-make button").click()
        expect(desktop.locator("[role=progressbar]")).to_be_visible(timeout=30_000)
        assert axe(desktop) == []
        desktop.locator(".st-key-cancel button").click()
        expect(desktop.locator("#happens")).to_be_visible(timeout=30_000)
        settled(desktop)
    expect(desktop.locator("body")).to_contain_text("만들기를 그만뒀어요")
