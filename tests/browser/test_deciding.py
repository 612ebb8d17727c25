"""A name is put right by way of the desk: asked for with proof, decided, and seen by the member."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.serving import serve
from tests.browser.steps import (
    give_password,
    long_ago,
    settled,
    sign_in,
    sign_out,
    staff_sign_in,
)
from tests.services.test_files import picture

PNG = picture()

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import FilePayload, Page

    from tests.browser.serving import Served


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    with serve() as served:
        yield served


def ask(page: Page, portal: Served, name: str) -> None:
    page.goto(f"{portal.address}/edit?item=name")
    settled(page)
    page.get_by_label("새 값: 이름").fill(name)
    proof: FilePayload = {"name": "proof.png", "mimeType": "image/png", "buffer": PNG}
    page.locator("input[type=file]").set_input_files(proof)
    expect(page.get_by_text("proof.png")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="요청하기", exact=True).click()
    expect(page.locator(".jk-said")).to_be_visible(timeout=30_000)


@pytest.mark.promise("P30")
def test_a_name_is_put_right_by_the_desk_and_the_member_sees_it(
    portal: Served, page: Page, axe: Callable[[Page], list[str]]
) -> None:
    wide = (page.viewport_size or {"width": 0})["width"] > 640
    who, name = ("newparent", "한새봄") if wide else ("member", "오여름")
    sign_in(page, portal.address, who)
    ask(page, portal, name)
    assert axe(page) == []
    sign_out(page)
    decide(page, portal, name, axe)
    sign_out(page)
    sign_in(page, portal.address, who)
    page.goto(f"{portal.address}/my-data")
    settled(page)
    page.locator(".st-key-show button").click()
    expect(page.locator("#item-name")).to_be_visible(timeout=30_000)
    expect(page.get_by_text(name, exact=True).first).to_be_visible(timeout=30_000)


def decide(page: Page, portal: Served, name: str, axe: Callable[[Page], list[str]]) -> None:
    staff_sign_in(page, portal.address, "agent")
    long_ago(portal)
    page.goto(f"{portal.address}/desk-queue")
    settled(page)
    assert axe(page) == []
    page.locator(".st-key-take button").click()
    # The sign-in was a while ago: the proof stays shut until the staff member confirms.
    confirm = page.locator(".st-key-verify_case button")
    expect(confirm).to_be_visible(timeout=30_000)
    settled(page)
    assert axe(page) == []
    expect(page.get_by_text(name)).to_have_count(0)
    confirm.click()
    give_password(page, "agent")
    proof = page.get_by_role("link", name="파일 1 열기")
    expect(proof).to_be_visible(timeout=30_000)
    settled(page)
    expect(page.get_by_text(name)).to_be_visible()
    assert axe(page) == []
    answer = page.request.get(f"{portal.address}{proof.get_attribute('href')}")
    assert (answer.status, answer.body()) == (200, PNG)
    page.get_by_text("요청대로 하기").click()
    page.get_by_role("button", name="결정하기", exact=True).click()
    expect(page.locator(".jk-said")).to_be_visible(timeout=30_000)
    settled(page)
    assert page.request.get(answer.url).status in {403, 404}
