"""A call handled from ring to close, and the member's own word on leaving by a link (P31)."""

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
from tests.browser.calls import (
    SLOW,
    choose,
    desk,
    look_at_data,
    look_up,
    mails,
    message,
    number_of,
    open_case,
    press,
    read_out_code,
    shown,
)
from tests.browser.serving import serve
from tests.browser.steps import settled, sign_in, sign_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.browser.serving import Served


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    with serve() as served:
        yield served


@pytest.mark.promise("P31")
def test_a_call_from_ring_to_close(
    portal: Served, desktop: Page, axe: Callable[[Page], list[str]]
) -> None:
    page = desktop
    desk(page, portal, "agent")
    look_up(page, "member@example.com")
    assert axe(page) == []
    open_case(page, "내 정보 보기", "고치거나 지우기", "회원탈퇴")
    assert axe(page) == []
    read_out_code(page, portal)
    assert axe(page) == []

    look_and_ask(page, portal, axe)
    answer(page, portal)
    sign_in(page, portal.address, "member")
    page.goto(f"{portal.address}/history")
    settled(page)
    expect(page.get_by_text("상담을 닫았어요")).to_be_visible(timeout=SLOW)


def look_and_ask(page: Page, portal: Served, axe: Callable[[Page], list[str]]) -> None:
    """See one item in full, ask for what can't be undone, and let the member say no."""
    look_at_data(page)
    expect(page.get_by_text("member@example.com")).to_have_count(0)
    choose(page, "unmask_item", "^이메일$")
    press(page, "보기")
    expect(page.get_by_text("member@example.com")).to_be_visible(timeout=SLOW)
    assert axe(page) == []

    page.locator(".st-key-case_open button").click()
    shown(page, "#case-steps")
    before = mails(portal)
    choose(page, "step_what", "회원탈퇴")
    press(page, "요청하기")
    expect(page.get_by_text("한 번 더 확인을 기다림").first).to_be_visible(timeout=SLOW)
    link = message(page, portal, before, r"(http://\S+/confirm-case\?\S+)")

    other = page.context.browser
    assert other is not None
    mailbox = other.new_page()
    mailbox.goto(link)
    expect(mailbox.get_by_role("heading", level=1)).to_contain_text("확인해 주세요")
    assert axe(mailbox) == []
    mailbox.get_by_role("button", name="아니요, 멈춰 주세요").click()
    expect(mailbox.get_by_role("heading", level=1)).to_contain_text("멈췄어요", timeout=SLOW)
    mailbox.close()


def answer(page: Page, portal: Served) -> None:
    """Write the answer, look at it, and close the case."""
    number = number_of(page)
    desk(page, portal)
    # After leaving the page the tab is a new one, with no case in hand.
    choose(page, "case_which", number)
    page.locator(".st-key-case_take button").click()
    expect(page.get_by_text("거절됨")).to_be_visible(timeout=SLOW)
    choose(page, "case_outcome", "일부만 했어요")
    page.locator(".st-key-jk_form_case_told textarea").fill("이메일을 알려 드렸어요.")
    press(page, "답 쓰기")
    shown(page, ".st-key-case_close button")
    page.locator(".st-key-case_close button").click()
    expect(page.locator(".jk-said")).to_contain_text("닫았어요", timeout=SLOW)
    sign_out(page)


def test_a_new_sign_in_comes_after_two_of_the_staff_and_the_wait(
    portal: Served, desktop: Page
) -> None:
    page, new = desktop, "found.again@example.com"
    desk(page, portal, "agent")
    look_up(page, "quiet@example.com")
    open_case(page, "이메일이나 전화 없이 다시 로그인")
    page.get_by_text("인증번호 없이").click()
    page.get_by_text("서류를 봤어요").click()
    press(page, "서류로 확인함")
    shown(page, "#case-steps")
    choose(page, "step_what", "새로 로그인")
    page.locator(".st-key-jk_form_step_recover input").fill(new)
    press(page, "요청하기")
    expect(page.locator(".jk-said")).to_contain_text("동료", timeout=SLOW)
    sign_out(page)

    desk(page, portal, "agent2")
    page.locator(".st-key-step_look button").click()
    shown(page, "#case-second")
    before = mails(portal)
    page.locator(".st-key-step_yes button").click()
    expect(page.locator(".jk-said")).to_contain_text("동의했어요", timeout=SLOW)
    # The old address is told, and has until the wait is over to say no.
    message(page, portal, before, r"(http://\S+/confirm-case\?\S+)")
    sign_out(page)

    three_days_later(portal)
    link = message(page, portal, before, r"(http://\S+/signin/set\?\S+)")
    page.goto(link)
    for field in page.locator("input[type=password]").all():
        field.fill("new-and-long-enough")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="로그인하러 가기")).to_be_visible(timeout=SLOW)
    sign_in(page, portal.address, new, "new-and-long-enough")


def three_days_later(portal: Served) -> None:
    """Let the wait be over, and the hourly run come."""
    server = embedded.start(portal.var)
    engine = create_engine(server.url(embedded.SUPERUSER, server.password, "portal"))
    with engine.begin() as connection:
        connection.execute(
            text("update ops.case_step set waits_until = now() where state = 'running'")
        )
    engine.dispose()
    subprocess.run(
        [sys.executable, "-m", "services", "daily"], cwd=ROOT, check=True, capture_output=True,
        env=os.environ | {"PORTAL_VAR": str(portal.var)},
    )  # fmt: skip
