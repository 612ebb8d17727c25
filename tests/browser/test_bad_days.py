"""Bad days: another tab signs out, 100,000 records, and a websocket of one's own."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.util import calc_hash
from websockets import Subprotocol
from websockets.sync.client import connect

from db import clock, embedded, engines, keyring, writer
from db.demo import PASSWORD
from db.drafts import MemberDraft, RecordDraft, ValueDraft
from db.settings import ROOT
from db.words import RecordKind, Store
from pages.http.names import SESSION_COOKIE
from services.identity import passwords
from tests import test_structure
from tests.browser.serving import serve
from tests.browser.steps import my_data, sign_in, sign_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.browser.serving import Served

RECORDS = 100_000
MANY = "many@example.com"
PATIENCE = 30  # seconds for a whole run over the websocket
PERSONAL = (
    b'class="jk-item', b'class="jk-value', b'class="jk-banner', b'id="kept-until"',
    b"@example.com", b"***@", b"IMEI-",
)  # fmt: skip


@pytest.fixture(scope="module")
def portal() -> Iterator[Served]:
    with serve() as served:
        yield served


@pytest.mark.promise("P25")
def test_a_tab_left_open_shows_nothing_after_a_sign_out_in_another(
    portal: Served, desktop: Page
) -> None:
    sign_in(desktop, portal.address, "member")
    left_open = desktop.context.new_page()
    my_data(left_open, portal.address)
    assert left_open.locator(".jk-item").count() > 0
    sign_out(desktop)
    # Asking for the values in full: the row is read again, and it has ended.
    left_open.locator(".st-key-show button").click()
    expect(left_open.locator(".st-key-sign_in button")).to_be_visible(timeout=30_000)
    expect(left_open.locator(".jk-item")).to_have_count(0)
    expect(left_open.locator(".jk-empty h2").first).to_have_text("로그아웃됐어요")
    assert "@example.com" not in left_open.locator("body").inner_text()
    left_open.go_back()
    expect(left_open.locator(".jk-item")).to_have_count(0)


def join_with_records(portal: Served) -> None:
    """Write a member with 100,000 payments, as an import would."""
    addresses = engines.embedded_addresses(embedded.start(portal.var), portal.var)
    opened = engines.connect(addresses.roles["portal_work"])
    one, day = uuid4(), date(2026, 1, 1)
    payments = tuple(
        RecordDraft(
            uuid4(), RecordKind.PAYMENT, day - timedelta(days=n % 1500), date(2031, 1, 1),
            {"what": f"물건 {n:06d}"},
        )
        for n in range(RECORDS)
    )  # fmt: skip
    values = (ValueDraft("nickname", "부지런이"), ValueDraft("email", MANY))
    draft = MemberDraft(one, clock.now(), date(2020, 1, 1), values=values, records=payments)
    with opened.keys.begin() as keys, opened.data.begin() as data:
        writer.write(data, keys, keyring.load(portal.var / "keys", tuple(Store)), [draft])
        passwords.set_password(data, one, PASSWORD, clock.now())
    opened.dispose()


def test_a_member_with_100000_records_pages_to_the_last(portal: Served, desktop: Page) -> None:
    join_with_records(portal)
    sign_in(desktop, portal.address, MANY)
    my_data(desktop, portal.address)
    desktop.get_by_role("button", name=re.compile("결제.*100,000")).or_(
        desktop.get_by_role("radio", name=re.compile("결제.*100,000"))
    ).first.click()
    table = desktop.locator(".jk-records").last
    expect(table.locator("tbody tr")).to_have_count(20, timeout=30_000)
    first = table.locator("tbody tr").first.inner_text()
    desktop.get_by_role("button", name="5000").click()
    expect(table.locator("tbody tr").first).not_to_have_text(first, timeout=30_000)
    expect(table.locator("tbody tr")).to_have_count(20)
    # The oldest day: every 1,500th payment from the 1,500th on.
    expect(table.locator("tbody tr").last).to_contain_text("2021. 11. 24.")


def run(portal: Served, page_script_hash: str = "", page_name: str = "", cookie: str = "") -> bytes:
    """Ask for a page over a websocket of our own and return all that comes back."""
    back = BackMsg()
    back.rerun_script.page_script_hash = page_script_hash
    back.rerun_script.page_name = page_name
    address = f"ws://{urlsplit(portal.address).netloc}/_stcore/stream"
    came = b""
    headers = {"Cookie": cookie} if cookie else None
    way = [Subprotocol("streamlit")]
    with connect(address, subprotocols=way, additional_headers=headers, max_size=None) as socket:
        socket.send(back.SerializeToString())
        while True:
            said = socket.recv(PATIENCE)
            assert isinstance(said, bytes)
            came += said
            message = ForwardMsg.FromString(said)
            early = message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
            if message.WhichOneof("type") == "script_finished" and not early:
                return came


def page_hashes() -> dict[str, str]:
    """Every way by which a page might be named: its address, its file, its file's path."""
    names = ["", "my-data", "overview", "main", "portal"]
    # The demo's mailbox is public: it shows what went out, addresses too.
    for page in sorted(test_structure.registered() - {"public/mailbox.py"}):
        whole = ROOT / "pages" / page
        names += [page, whole.stem, str(whole), f"pages/{page}", whole.stem.replace("_", "-")]
    return {name: calc_hash(name) for name in names}


@pytest.mark.promise("P25")
def test_a_websocket_of_ones_own_signed_out_gets_public_pages_only(
    portal: Served, desktop: Page
) -> None:
    policy = run(portal, calc_hash("policy"))
    assert "처리방침".encode() in policy  # asking by hash does open what is public
    asked = [("", name) for name in ("my-data", "member/my_data.py", "overview", "../portal")]
    asked += [(hashed, "") for hashed in page_hashes().values()]
    asked += [(calc_hash("my-data"), "my-data"), ("0" * 32, ""), ("my-data", "my-data")]
    for hashed, name in asked:
        came = run(portal, hashed, name)
        found = [value for value in PERSONAL if value in came]
        assert not found, (hashed, name)
    # With the cookie of somebody signed in, the same way does find what it looked for.
    sign_in(desktop, portal.address, "member")
    (cookie,) = [c for c in desktop.context.cookies() if c["name"] == SESSION_COOKIE[False]]
    came = run(portal, calc_hash("my-data"), cookie=f"{cookie['name']}={cookie['value']}")
    assert PERSONAL[0] in came
    assert b"***@example.com" in came
