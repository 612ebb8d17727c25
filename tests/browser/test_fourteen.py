"""A child gets a sign-in of its own, says that something is wrong, and turns 14 (P29).

The guardian's tab stays open all the while.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import create_engine, text

from db import embedded
from tests.browser.serving import serve
from tests.browser.steps import newest_link, settled, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.browser.serving import Served

OWN, SECRET = "garam@example.net", "haneul-garam-2026"
WAITS = "보호책임자가 살펴보고 있어요"


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    with serve() as served:
        yield served


def birthday(portal: Served, days: int) -> None:
    """Let the demo's child turn 14 in so many days."""
    server = embedded.start(portal.var)
    engine = create_engine(server.url(embedded.SUPERUSER, server.password, "portal"))
    with engine.begin() as connection:
        connection.execute(
            text(
                "update live.member set turns_14_on ="
                " (now() at time zone 'Asia/Seoul')::date + :days where turns_14_on is not null"
            ),
            {"days": days},
        )
    engine.dispose()


def confirmation(page: Page, portal: Served) -> str:
    for _ in range(300):
        for mail in (portal.var / "mailbox").glob("*.json"):
            said = json.loads(mail.read_text())
            link = re.search(r"http://\S+/confirm-email\?token=[\w-]+", said["text"])
            if link and said["to"] == OWN:
                return link[0]
        page.wait_for_timeout(100)
    raise AssertionError(portal.log.read_text())


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def sees(page: Page, words: str) -> None:
    expect(page.locator("body")).to_contain_text(words, timeout=30_000)
    settled(page)


@pytest.mark.promise("P29")
def test_a_child_comes_of_age(
    portal: Served, desktop: Page, phone: Page, axe: Callable[[Page], list[str]]
) -> None:
    birthday(portal, 20)
    sign_in(desktop, portal.address, "guardian")
    desktop.locator(".st-key-child_1 button").click()
    sees(desktop, "아이가 쓰는 이메일이나 휴대전화 번호가 아직 없어요")
    assert axe(desktop) == []
    desktop.get_by_label("아이가 쓰는 이메일 주소나 휴대전화 번호").fill(OWN)
    press(desktop, "링크나 인증번호 보내기")
    sees(desktop, "그 주소로 링크를 보냈어요")
    # The child, on its own telephone: confirms the address, sets a password, signs in.
    phone.goto(confirmation(phone, portal))
    before = set((portal.var / "mailbox").glob("*.json"))
    phone.get_by_role("button").first.click()
    phone.goto(newest_link(phone, portal, before))
    for field in phone.locator("input[type=password]").all():
        field.fill(SECRET)
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("link", name="로그인하러 가기")).to_be_visible(timeout=30_000)
    sign_in(phone, portal.address, OWN, SECRET)
    # It says that something is wrong; the guardian's tab shows that, and not who said it.
    phone.locator(".st-key-dispute button").click()
    sees(phone, "취소할 수는 없어요")
    assert axe(phone) == []
    phone.get_by_text("가족 중에 무서운 사람이 있어요").click()
    press(phone, "알리기")
    sees(phone, "알려 주셔서 고마워요")
    assert axe(phone) == []
    desktop.locator(".st-key-my_data button").click()
    sees(desktop, WAITS)
    sees(desktop, "결정할 때까지 보호자에게 보이지 않아요: 주소")
    assert axe(desktop) == []
    # Midnight of the birthday: the same tab is out, the child decides.
    birthday(portal, 0)
    desktop.locator(".st-key-show button").click()
    sees(desktop, "이제 이 아이를 대신할 수 없어요")
    expect(desktop.locator("#group-required")).to_have_count(0)
    phone.goto(portal.address)
    sees(phone, "내 정보")
    expect(phone.locator("#dispute")).to_have_count(0)
