"""What a person does in the browser, in their words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page


def settled(page: Page) -> None:
    """Wait until Streamlit has finished drawing."""
    expect(page.locator(".jk").last).to_be_visible(timeout=30_000)
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
