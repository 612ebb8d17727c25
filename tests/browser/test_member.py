"""A member in a real browser: sign in, look, verify, unmask, switch language, sign out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import create_engine, text

from db import embedded
from tests.browser.serving import serve
from tests.browser.steps import first_password, give_password, my_data, settled, sign_in, sign_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.browser.serving import Served


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    with serve() as served:
        yield served


def in_database(portal: Served, statement: str) -> None:
    server = embedded.start(portal.var)
    engine = create_engine(server.url(embedded.SUPERUSER, server.password, "portal"))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def value(page: Page, item: str) -> str:
    return page.locator(f"article[aria-labelledby=item-{item}] .jk-value").first.inner_text()


@pytest.mark.promise("P30")
def test_sign_in_look_verify_unmask_switch_language_sign_out(
    portal: Served, page: Page, axe: Callable[[Page], list[str]]
) -> None:
    page.goto(portal.address)
    settled(page)
    assert axe(page) == []
    sign_in(page, portal.address, "member")
    assert axe(page) == []
    my_data(page, portal.address)
    assert "***@" in value(page, "email")
    assert axe(page) == []
    # The sign-in was a while ago: unmasking asks for a verification and comes back here.
    in_database(portal, "update ops.session set verified_at = verified_at - interval '20 minutes'")
    page.reload()
    page.locator(".st-key-show button").click()
    give_password(page, "member")
    expect(page.locator(".st-key-hide button")).to_be_visible(timeout=30_000)
    settled(page)
    assert page.url.endswith("/my-data")
    assert value(page, "email") == "member@example.com"
    page.goto(f"{portal.address}/language/en?back=/my-data")
    expect(page.get_by_role("heading", name="My data", exact=True)).to_be_visible(timeout=30_000)
    settled(page)
    assert axe(page) == []
    page.goto(f"{portal.address}/language/ko?back=/my-data")
    expect(page.get_by_role("heading", name="내 정보", exact=True)).to_be_visible(timeout=30_000)
    sign_out(page)
    page.goto(f"{portal.address}/my-data")
    expect(page.locator(".st-key-sign_in button")).to_be_visible(timeout=30_000)
    assert page.locator(".jk-item").count() == 0


def test_the_page_fits_the_width(portal: Served, page: Page) -> None:
    sign_in(page, portal.address, "member")
    for path in ("/", "/my-data", "/policy", "/contact", "/notices", "/mailbox"):
        page.goto(f"{portal.address}{path}")
        settled(page)
        wide = page.evaluate(
            "[...document.querySelectorAll('.jk *')]"
            ".filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
            ".map(e => e.className || e.tagName)"
        )
        assert wide == [], path


def test_records_are_paged(portal: Served, page: Page) -> None:
    sign_in(page, portal.address, "member")
    my_data(page, portal.address)
    page.get_by_role("button", name=re.compile("결제")).or_(
        page.get_by_role("radio", name=re.compile("결제"))
    ).first.click()
    expect(page.locator(".jk-records caption")).to_be_visible(timeout=30_000)
    first = page.locator(".jk-records").last.locator("tbody tr").first.inner_text()
    page.get_by_role("button", name=re.compile(r"^\D*2$")).last.click()
    expect(page.locator(".jk-records").last.locator("tbody tr").first).not_to_have_text(
        first, timeout=30_000
    )


def test_a_paper_member_makes_a_first_password(portal: Served, page: Page) -> None:
    first_password(page, portal, "paper@example.com", "튼튼이와 함께 2026")
    sign_in(page, portal.address, "paper@example.com", "튼튼이와 함께 2026")
    expect(page.locator(".jk-lines")).to_be_visible(timeout=30_000)


@pytest.mark.promise("P25")
def test_signed_out_only_public_pages_open(portal: Served, desktop: Page) -> None:
    for path in ("/", "/my-data"):
        desktop.goto(f"{portal.address}{path}")
        expect(desktop.locator(".st-key-sign_in button")).to_be_visible(timeout=30_000)
    for path in ("/policy", "/contact", "/notices", "/mailbox"):
        desktop.goto(f"{portal.address}{path}")
        expect(desktop.locator("h1").first).to_be_visible(timeout=30_000)
        settled(desktop)
        assert desktop.locator(".st-key-sign_in").count() == 0


@pytest.mark.promise("P25")
def test_files_below_pages_are_not_served_past_the_gate(portal: Served, desktop: Page) -> None:
    for path in ("/my_data", "/portal"):
        desktop.goto(f"{portal.address}{path}")
        expect(desktop.locator(".st-key-sign_in button")).to_be_visible(timeout=30_000)
        assert desktop.locator(".jk-item").count() == 0
    for path in ("/member/my_data", "/pages/member/my_data.py", "/my_data.py", "/app.py"):
        assert "from __future__" not in desktop.request.get(f"{portal.address}{path}").text()


def test_a_guardian_sees_the_childs_data(portal: Served, page: Page) -> None:
    sign_in(page, portal.address, "guardian")
    page.locator(".st-key-child_1 button").click()
    expect(page.locator(".jk-banner")).to_be_visible(timeout=30_000)
    page.locator(".st-key-my_data button").click()
    expect(page.locator("#item-nickname")).to_be_visible(timeout=30_000)
    expect(page.locator(".jk-banner")).to_be_visible()


@pytest.mark.promise("P25")
def test_staff_sign_in_and_see_no_member(portal: Served, desktop: Page) -> None:
    desktop.goto(portal.address)
    desktop.locator(".st-key-staff_sign_in button").click()
    give_password(desktop, "agent")
    expect(desktop.locator(".st-key-sign_out button")).to_be_visible(timeout=30_000)
    desktop.goto(f"{portal.address}/my-data")
    expect(desktop.locator(".jk-empty h2")).to_be_visible(timeout=30_000)
    assert desktop.locator(".jk-item").count() == 0


def test_a_sleeping_member_is_told(portal: Served, desktop: Page) -> None:
    sign_in(desktop, portal.address, "dormant")
    expect(desktop.locator(".jk-hello h1")).to_contain_text("휴면", timeout=30_000)
    desktop.goto(f"{portal.address}/my-data")
    expect(desktop.locator(".jk-empty h2")).to_be_visible(timeout=30_000)
    assert desktop.locator(".jk-item").count() == 0


def test_another_loopback_name_is_sent_to_the_address(portal: Served, desktop: Page) -> None:
    desktop.goto(portal.address.replace("localhost", "127.0.0.1"))
    assert desktop.url.startswith(portal.address)
