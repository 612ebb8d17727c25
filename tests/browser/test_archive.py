"""The archive's page as a file on somebody's own device: no network, both widths, searched."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import expect
from sqlalchemy import insert, update

from db.drafts import DisclosureDraft, RecordDraft, ValueDraft
from db.tables.member import LIVE
from db.words import RecordKind
from tests.archives import everywhere, order, source, take
from tests.browser.conftest import DESKTOP, KOREA, PHONE
from tests.people import NOW, ORIGIN, draft, join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P30")

SCRIPT = "<script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\">"


@pytest.fixture
def one(portal_db: PortalDb) -> UUID:
    """Return a member with 300 payments, something shared, and a value that wants to run."""
    base = draft()
    records = tuple(
        RecordDraft(uuid4(), RecordKind.PAYMENT, NOW.date().replace(day=1 + n % 20),
                    NOW.date().replace(year=2031), {"what": f"기저귀 {n:03}", "address": SCRIPT},
                    ORIGIN)
        for n in range(300)
    )  # fmt: skip
    found = draft(
        values=(*base.values, ValueDraft("children", SCRIPT, ORIGIN, 1)), records=records,
        disclosures=(
            DisclosureDraft(uuid4(), "[가상] 보험", ("name", "mobile"), NOW.date()),
        ),
    )  # fmt: skip
    join(portal_db, found)
    everywhere(portal_db, found.member_id)
    with portal_db.work.data.begin() as data:
        stop = {"member_id": found.member_id, "restriction_id": uuid4(), "started_at": NOW}
        data.execute(insert(LIVE.restriction).values(stop | {"item": "address"}))
        data.execute(update(LIVE.restriction).values(started_at=NOW.replace(day=1)))
    return found.member_id


@pytest.fixture(params=["ko", "en"])
def folder(portal_db: PortalDb, one: UUID, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Return where the archive was unpacked."""
    with source(portal_db, tmp_path / "keys", one) as given:
        taken = take(given, order(request.param))
    (tmp_path / "mine.zip").write_bytes(taken.content)
    with zipfile.ZipFile(tmp_path / "mine.zip") as opened:
        opened.extractall(tmp_path / request.param)
    return tmp_path / str(request.param)


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def alone(browser: Browser, request: pytest.FixtureRequest) -> Iterator[tuple[Page, list[str]]]:
    """Give a page without a network, and all that it asked for."""
    context = browser.new_context(**KOREA, **request.param, offline=True)
    page, asked = context.new_page(), list[str]()
    page.on("request", lambda wanted: asked.append(wanted.url))
    page.on("console", lambda said: asked.append(said.text))
    page.on("pageerror", lambda error: asked.append(str(error)))
    yield page, asked
    context.close()


def test_the_page_opens_without_a_network(
    folder: Path, alone: tuple[Page, list[str]], axe: Callable[[Page], list[str]]
) -> None:
    page, asked = alone
    address = (folder / "index.html").as_uri()
    page.goto(address)
    assert page.locator("html").get_attribute("lang") == folder.name
    assert [url for url in asked if not url.startswith("data:")] == [address]
    expect(page.locator("#profile .card").filter(has_text="haneul@example.com")).to_be_visible()
    _nothing_ran(page)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert axe(page) == []


def _nothing_ran(page: Page) -> None:
    assert page.title() != "run"
    assert page.locator("main img:not([src^='data:'])").count() == 0
    expect(page.get_by_text(SCRIPT).first).to_be_attached()


def test_the_search_finds_and_lets_go(folder: Path, alone: tuple[Page, list[str]]) -> None:
    page, _ = alone
    page.goto((folder / "index.html").as_uri())
    lines, field = page.locator("[data-line]:visible"), page.locator("#search")
    before = lines.count()
    field.fill("기저귀 29")
    expect(lines).to_have_count(_shown(page, "기저귀 29"))
    expect(page.locator("#found")).to_contain_text(str(_shown(page, "기저귀 29")))
    expect(page.locator("#consents")).to_be_hidden()
    field.fill("HANEUL@")
    expect(page.locator("#profile .card:visible")).to_have_count(1)
    field.fill("nothing is called so")
    expect(lines).to_have_count(0)
    field.fill("")
    expect(lines).to_have_count(before)


def _shown(page: Page, text: str) -> int:
    """Return how many lines hold a text; the newest 200 of 300 payments are there."""
    return int(page.locator("[data-line]", has_text=text).count())


def test_the_newest_are_there_and_the_rest_is_named(
    folder: Path, alone: tuple[Page, list[str]]
) -> None:
    page, _ = alone
    page.goto((folder / "index.html").as_uri())
    paid = page.locator(
        "details[data-table]", has=page.locator("a[href='data/records_payment.csv']")
    )
    assert paid.locator("[data-line]").count() == 200
    assert (folder / "data/records_payment.csv").exists()
    for link in page.locator("main a[href]:not([href^='#'])").all():
        assert (folder / str(link.get_attribute("href"))).exists()
    expect(page.locator(".flows img")).to_be_visible()
    expect(page.locator(".lines .track").first).to_be_visible()
    marked = page.locator("#profile .card", has=page.locator(".tag"))
    assert marked.count() >= 4


def test_it_prints_all_of_it(folder: Path, alone: tuple[Page, list[str]]) -> None:
    page, _ = alone
    page.goto((folder / "index.html").as_uri())
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    expect(page.locator("#finder")).to_be_hidden()
    assert page.locator("[data-line]:visible").count() == page.locator("[data-line]").count()
    content: Any = page.pdf()
    assert content.startswith(b"%PDF-")


def test_the_keyboard_reaches_everything(folder: Path, alone: tuple[Page, list[str]]) -> None:
    page, _ = alone
    page.goto((folder / "index.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.id") == "search"
    for _number in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.matches('summary')"):
            break
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.parentElement.open")
