"""The certificate's files: signed, without any value, by a link that lasts a quarter of an hour."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette

from db import clock
from db.settings import Settings
from pages.http import certificate as route
from services import certificate, certificate_link
from tests.asgi import Answer, ask
from tests.leaving import leave, signer
from tests.people import NOW, PLAIN, member, portal_house

if TYPE_CHECKING:
    from services.certificate import Certificate
    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P34")


@pytest.fixture
def given(portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """Return the certificate of somebody who left, at a portal whose clock stands."""
    monkeypatch.setattr(route, "settings", lambda: Settings(var=portal_db.var))
    monkeypatch.setattr(clock, "now", lambda: NOW)
    made = leave(portal_db, member(portal_db))
    portal_house(portal_db)
    return made


def get(form: str, link: str, language: str = "ko") -> Answer:
    app = Starlette(routes=[route.ROUTE])
    cookie = {"cookie": f"portal_language={language}"}
    query = f"of={link}".encode()
    return ask(lambda _inner: app, f"{route.PATH}/{form}", headers=cookie, query=query)


def link(db: PortalDb, given: Certificate, at: datetime = NOW) -> str:
    return certificate_link.seal(db.keyring, given, at)


def test_the_signed_file_checks_without_us_and_holds_no_secret(
    portal_db: PortalDb, given: Certificate
) -> None:
    answer = get("json", link(portal_db, given))
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    certificate.check(json.loads(answer.body), signer(portal_db).verifier)
    assert given.number in answer.headers["content-disposition"]
    assert given.secret not in answer.body.decode()


@pytest.mark.parametrize(("language", "said"), [("ko", "회원탈퇴 확인서"), ("en", "Certificate")])
def test_the_page_says_what_is_gone_and_holds_no_value(
    portal_db: PortalDb, given: Certificate, language: str, said: str
) -> None:
    answer = get("html", link(portal_db, given), language)
    page = answer.body.decode()
    assert said in page
    assert "2027. 11. 22." in page
    assert answer.headers["content-security-policy"].endswith("sandbox")
    for value in (given.secret, *PLAIN.values()):
        assert value not in page


def test_a_link_tells_nothing_and_runs_out(portal_db: PortalDb, given: Certificate) -> None:
    made = link(portal_db, given)
    assert given.number not in made
    assert get("json", link(portal_db, given, NOW - timedelta(minutes=14))).status == 200
    for bad in (
        link(portal_db, given, NOW - timedelta(minutes=15)), "", "x", made[:-4], f"A{made[1:]}",
        link(portal_db, certificate.new()),
    ):  # fmt: skip
        answer = get("json", bad)
        assert answer.status == 404
        assert given.number not in answer.body.decode()
