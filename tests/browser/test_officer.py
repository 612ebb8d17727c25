"""The officer confirms a safeguard, records paper that was shredded, and places a legal hold."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import create_engine, text

from db import embedded
from db.settings import ROOT
from tests.browser.serving import serve
from tests.browser.steps import (
    choose,
    give_password,
    long_ago,
    settled,
    sign_in,
    sign_out,
    staff_sign_in,
)
from tests.browser.test_desk import fits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.browser.serving import Served

    Axe = Callable[[Page], list[str]]

_FORMS = """
    with complaint as (
        select member_id, record_id, row_number() over (order by record_id)::int as n
        from live.record where kind = 'complaint'
    )
    update live.record r set source = 'paper', ends_on = current_date - 2,
        obtained_on = date '2024-01-01' + complaint.n
    from complaint where complaint.member_id = r.member_id and complaint.record_id = r.record_id
"""


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    """Serve a portal in which complaints that came on paper have just been destroyed."""
    with serve() as served:
        server = embedded.start(served.var)
        engine = create_engine(server.url(embedded.SUPERUSER, server.password, "portal"))
        with engine.begin() as connection:
            connection.execute(text(_FORMS))
        engine.dispose()
        subprocess.run(
            [sys.executable, "-m", "services", "daily"], cwd=ROOT, check=True,
            env=os.environ | {"PORTAL_VAR": str(served.var)}, capture_output=True,
        )  # fmt: skip
        yield served


def wide(page: Page) -> bool:
    return (page.viewport_size or {"width": 0})["width"] > 640


def section(page: Page, portal: Served, path: str, name: str, heading: str) -> None:
    page.goto(f"{portal.address}{path}")
    settled(page)
    page.locator("[data-testid=stButtonGroup]").get_by_text(name, exact=True).click()
    page.locator(heading).wait_for()
    settled(page)


def good(page: Page, axe: Axe) -> None:
    assert (axe(page), fits(page)) == ([], True)


def said(page: Page, words: str) -> None:
    expect(page.locator(".jk-said")).to_contain_text(words, timeout=30_000)
    settled(page)


@pytest.mark.promise("P42")
def test_a_safeguard_is_confirmed_after_a_verification(
    portal: Served, page: Page, axe: Axe
) -> None:
    name = "허락되지 않은 접속을 막아요" if wide(page) else "최신 백신 프로그램을 써요"
    staff_sign_in(page, portal.address, "officer")
    long_ago(portal)
    section(page, portal, "/desk-officer", "포털 밖 보호 조치", "#safeguards")
    card = page.locator(".jk-card").filter(has_text=name)
    expect(card.locator(".jk-state")).to_have_text("아직 확인 없음")
    good(page, axe)
    # The sign-in was a while ago: nothing is confirmed until the officer says who they are.
    expect(page.get_by_role("checkbox")).to_have_count(0)
    page.locator(".st-key-verify_safeguards button").click()
    give_password(page, "officer")
    page.locator("#confirm").wait_for()
    settled(page)
    choose(page, page.get_by_role("option", name=name))
    expect(page.get_by_role("combobox")).to_have_value(name)
    settled(page)
    good(page, axe)
    for box in page.locator("[data-testid=stForm] [data-testid=stCheckbox] label").all():
        box.click()
    page.get_by_role("button", name="지금 확인하기").click()
    said(page, "직원 번호와 함께 기록했어요")
    expect(card.locator(".jk-state")).to_have_text("확인됨")
    expect(card).to_contain_text("직원 D-003")
    good(page, axe)


@pytest.mark.promise("P15")
def test_forms_on_paper_are_recorded_as_shredded(portal: Served, page: Page, axe: Axe) -> None:
    staff_sign_in(page, portal.address, "officer")
    section(page, portal, "/desk-destruction", "종이 서식", "#paper")
    row = page.locator("tr").filter(has_text="불만·분쟁 처리").first
    due = int(row.locator(".jk-state").inner_text())
    good(page, axe)
    page.locator("[data-testid=stRadio] label").filter(has_text="분쇄").click()
    page.get_by_role("button", name="기록하기").click()
    said(page, "직원 번호와 함께 기록했어요")
    expect(row.locator(".jk-state")).to_have_text(str(due - 1))
    expect(page.locator("#paper-lately")).to_be_visible()
    good(page, axe)


def test_a_hold_is_previewed_placed_seen_by_the_member_and_lifted(
    portal: Served, page: Page, axe: Axe
) -> None:
    staff_sign_in(page, portal.address, "officer")
    section(page, portal, "/desk-destruction", "법적 보류", "#place-hold")
    good(page, axe)
    who, file = ("newparent", "2026가단1") if wide(page) else ("guardian", "2026가단2")
    page.get_by_label("누구의 정보인가요?").fill(f"{who}@example.com")
    page.locator("[data-testid=stRadio] label").filter(has_text="소송").click()
    page.get_by_label("사건 번호").fill(file)
    page.locator("[data-testid=stDateInput] [role=spinbutton]").first.click()
    page.keyboard.type("20350101")
    page.get_by_role("button", name="무엇이 남는지 보기").click()
    page.locator("#hold-preview").wait_for()
    settled(page)
    expect(page.get_by_text(f"{who}@example.com")).to_have_count(0)
    good(page, axe)
    page.get_by_role("button", name="이대로 보류하기").click()
    said(page, "보류했어요")
    expect(page.locator("tr").filter(has_text=file)).to_contain_text("소송")
    good(page, axe)
    sign_out(page)
    sign_in(page, portal.address, who)
    page.goto(f"{portal.address}/history")
    expect(page.get_by_text("법적 보류를 했어요").first).to_be_visible(timeout=30_000)
    sign_out(page)
    staff_sign_in(page, portal.address, "officer2")
    section(page, portal, "/desk-destruction", "법적 보류", "#place-hold")
    choose(page, page.get_by_role("option").first)
    page.get_by_role("button", name="보류 풀기").click()
    said(page, "보류를 풀었어요")
    expect(page.locator("tr").filter(has_text=file)).to_have_count(0)


def test_every_section_is_fit_in_english_too(portal: Served, page: Page, axe: Axe) -> None:
    staff_sign_in(page, portal.address, "officer")
    for path in ("/desk-officer", "/desk-destruction"):
        page.goto(f"{portal.address}/language/en?back={path}")
        page.locator("html[lang=en] .jk h1").first.wait_for()
        settled(page)
        choices = page.locator("[data-testid=stButtonGroup] button")
        expect(choices.nth(2)).to_be_visible()
        for choice in choices.all():
            choice.click()
            settled(page)
            expect(page.locator(".jk h2").first).to_be_visible(timeout=30_000)
            good(page, axe)
