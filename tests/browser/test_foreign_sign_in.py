"""A real sign-in service that is not ours: linking, confirming, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect
from sqlalchemy import create_engine, func, select

from db import embedded, engines, keyring
from db.drafts import ValueDraft
from db.tables import keys
from db.words import Store
from tests.browser.serving import PATIENCE, free_port, serve
from tests.browser.steps import my_data, settled
from tests.database import PortalDb
from tests.people import member

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.browser.serving import Served


ASK_US = "물어보세요"
NOT_FOUND = "회원을 찾지 못했어요"


@dataclass(frozen=True)
class Foreign:
    """The service: where it is, and who is known there."""

    address: str

    @property
    def metadata_url(self) -> str:
        return f"{self.address}/.well-known/openid-configuration"

    def knows(self, subject: str, **claims: object) -> None:
        body = json.dumps(claims).encode()
        headers = {"Content-Type": "application/json"}
        asked = Request(f"{self.address}/users/{subject}", body, headers, method="PUT")  # noqa: S310
        with urlopen(asked, timeout=10):  # noqa: S310 (our own address)
            pass

    def answers(self) -> bool:
        try:
            with urlopen(self.metadata_url, timeout=2):  # noqa: S310 (our own address)
                return True
        except (URLError, OSError):
            return False


@contextmanager
def _foreign() -> Iterator[Foreign]:
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    found, until = Foreign(f"http://localhost:{port}"), time.monotonic() + PATIENCE
    try:
        while not found.answers():
            assert process.poll() is None, "The other sign-in service did not start"
            assert time.monotonic() < until
            time.sleep(0.1)  # a start has no event to wait for
        yield found
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def foreign() -> Iterator[Foreign]:
    with _foreign() as found:
        yield found


@pytest.fixture(scope="module")
def portal(foreign: Foreign) -> Iterator[Served]:
    with serve(
        PORTAL_MEMBER_METADATA_URL=foreign.metadata_url,
        PORTAL_MEMBER_CLIENT_ID="the portal",
        PORTAL_MEMBER_CLIENT_SECRET="anything",
        PORTAL_DEMO="true",
    ) as served:
        yield served


@pytest.fixture(scope="module")
def database(portal: Served) -> Iterator[PortalDb]:
    """The portal's own databases, to write members into."""
    server = embedded.start(portal.var)
    found = engines.embedded_addresses(server, portal.var)
    web, work = (engines.connect(found.roles[role]) for role in engines.ROLES)
    owner = [create_engine(url) for url in found.owner]
    ring = keyring.load(portal.var / "keys", tuple(Store))
    yield PortalDb(found, owner[0], owner[1], web, work, ring, portal.var)
    web.dispose()
    work.dispose()
    for one in owner:
        one.dispose()


def join(database: PortalDb, nickname: str, email: str) -> None:
    values = (ValueDraft("nickname", nickname), ValueDraft("email", email))
    member(database, values=values, records=(), devices=())


def links(database: PortalDb) -> int:
    with database.work.keys.connect() as connection:
        return connection.scalar(select(func.count()).select_from(keys.sign_in)) or 0


def go(page: Page, portal: Served, subject: str) -> None:
    """Sign in at the other service and come back."""
    page.goto(portal.address)
    page.locator(".st-key-sign_in button").click()
    confirm(page, subject)


def confirm(page: Page, subject: str) -> None:
    page.locator("input[name=sub]").fill(subject, timeout=30_000)
    page.get_by_role("button", name="Authorize").click()
    settled(page)


def leave(page: Page, portal: Served) -> None:
    """Sign out here, and at the other service, which leads back."""
    page.locator(".st-key-sign_out button").click()
    page.get_by_role("button", name="End session").click(timeout=30_000)
    expect(page.locator(".st-key-sign_in button")).to_be_visible(timeout=30_000)
    assert page.url.rstrip("/") == portal.address, "coming back from signing out is silent"


def value(page: Page, item: str) -> str:
    return page.locator(f"article[aria-labelledby=item-{item}] .jk-value").first.inner_text()


def test_a_verified_email_links_once_and_the_link_holds(
    portal: Served, foreign: Foreign, database: PortalDb, desktop: Page
) -> None:
    join(database, "달님", "dalnim@example.com")
    foreign.knows("s-1", email="DalNim@example.com", email_verified=True)
    go(desktop, portal, "s-1")
    expect(desktop.locator("body")).to_contain_text("달님")
    leave(desktop, portal)
    linked = links(database)
    # Another address there, even one of another member's, is the same person here.
    join(database, "별님", "byeolnim@example.com")
    foreign.knows("s-1", email="byeolnim@example.com", email_verified=True)
    go(desktop, portal, "s-1")
    expect(desktop.locator("body")).to_contain_text("달님")
    assert links(database) == linked


@pytest.mark.parametrize(
    ("subject", "claims"),
    [
        ("s-2", {"email": "s-2@example.com", "email_verified": False}),
        ("s-3", {"email": "s-3@example.com"}),
        ("s-4", {"email": "nobody@example.com", "email_verified": True}),
        ("s-5", {}),
    ],
    ids=["unverified", "not said", "unknown", "nothing"],
)
def test_who_is_not_known_for_sure_is_told_whom_to_ask(
    portal: Served,
    foreign: Foreign,
    database: PortalDb,
    desktop: Page,
    subject: str,
    claims: dict[str, object],
) -> None:
    join(database, "햇님", f"{subject}@example.com")
    before = links(database)
    foreign.knows(subject, **claims)
    go(desktop, portal, subject)
    notice = desktop.get_by_role("alert")
    expect(notice).to_contain_text(NOT_FOUND)
    expect(notice.locator("a[href='/contact']")).to_be_visible()
    expect(desktop.locator(".st-key-sign_out button")).to_have_count(0)
    assert links(database) == before


def test_a_refusal_at_the_other_service_is_said(
    portal: Served, foreign: Foreign, desktop: Page
) -> None:
    foreign.knows("s-6")
    desktop.goto(portal.address)
    desktop.locator(".st-key-sign_in button").click()
    desktop.locator("input[name=sub]").fill("s-6", timeout=30_000)
    desktop.get_by_role("button", name="Deny").click()
    expect(desktop.get_by_role("alert")).to_contain_text("로그인을 마치지 못했어요", timeout=30_000)
    expect(desktop.get_by_role("alert")).to_contain_text(ASK_US)


def test_a_confirmation_counts_only_with_its_time(
    portal: Served, foreign: Foreign, database: PortalDb, desktop: Page
) -> None:
    join(database, "구름", "gureum@example.com")
    known: dict[str, object] = {"email": "gureum@example.com", "email_verified": True}
    foreign.knows("s-7", **known, auth_time=None)
    go(desktop, portal, "s-7")
    my_data(desktop, portal.address)
    desktop.locator(".st-key-show button").click()
    confirm(desktop, "s-7")
    expect(desktop.get_by_role("alert")).to_contain_text("언제 확인했는지")
    my_data(desktop, portal.address)
    assert "gureum@" not in value(desktop, "email")
    foreign.knows("s-7", **known, auth_time=int(time.time()))
    desktop.locator(".st-key-show button").click()
    confirm(desktop, "s-7")
    expect(desktop.locator(".st-key-hide button")).to_be_visible(timeout=30_000)
    assert value(desktop, "email") == "gureum@example.com"


def test_with_a_service_of_ones_own_there_is_no_demo(portal: Served, desktop: Page) -> None:
    assert "Demo accounts" not in portal.log.read_text()
    desktop.goto(f"{portal.address}/mailbox")
    settled(desktop)
    expect(desktop.locator("body")).not_to_contain_text("우편함")
