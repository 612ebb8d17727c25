"""The session cookie is made anew at a sign-in and at a sign-out (P25)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError

from db.sealing import digest
from db.settings import Settings
from db.tables.ops import session as rows
from pages.http.browser import BrowserCookie
from pages.http.callback import FAILED
from pages.http.names import DEVICE_COOKIE, SESSION_COOKIE
from pages.http.rotation import FreshCookie
from services import sessions
from tests.asgi import Answer, ask
from tests.people import NOW, portal_house

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp

    from tests.database import PortalDb

pytestmark = pytest.mark.promise("P25")

NOTED = "a value that somebody noted"
BACK = [("set-cookie", '_streamlit_user="2|signed"; Path=/'), ("location", "/")]
SECURE = pytest.mark.parametrize("secure", [False, True], ids=["loopback", "tls"])


def visit(
    path: str,
    answer: Iterable[tuple[str, str]] = (),
    *,
    secure: bool = False,
    cookies: str | None = None,
) -> Answer:
    chosen = Settings(base_url="https://my.example.kr" if secure else "")

    def wrap(inner: ASGIApp) -> ASGIApp:
        return FreshCookie(BrowserCookie(inner, settings=chosen), settings=chosen)

    held = f"{SESSION_COOKIE[secure]}={NOTED}; {DEVICE_COOKIE[secure]}=d"
    sent = {"cookie": held if cookies is None else cookies}
    return ask(wrap, path, headers=sent, answer=list(answer), status=302)


def given(answer: Answer, name: str) -> list[str]:
    """Return the values that an answer sets a cookie to."""
    set_to = answer.headers.getlist("set-cookie")
    return [c.split(";")[0].split("=", 1)[1] for c in set_to if c.startswith(f"{name}=")]


def asked(db: PortalDb, provider: str = "member") -> None:
    portal_house(db)
    with db.web.data.begin() as connection:
        sessions.ask(connection, NOTED, provider, NOW, return_to="/")


def found(db: PortalDb, token: str) -> bool:
    with db.web.data.begin() as connection:
        return sessions.find(connection, token, NOW) is not None


@SECURE
def test_a_noted_cookie_finds_nobody_after_a_sign_in(portal_db: PortalDb, *, secure: bool) -> None:
    asked(portal_db)
    (fresh,) = given(visit("/oauth2callback", BACK, secure=secure), SESSION_COOKIE[secure])
    assert not found(portal_db, NOTED)
    assert found(portal_db, fresh)
    with portal_db.work.data.connect() as connection:
        assert connection.scalar(select(rows.c.device_digest)) == digest("d")


@pytest.mark.parametrize(
    "answer", [[("location", FAILED)], [("set-cookie", '_streamlit_user=""; Max-Age=0')]], ids=str
)
def test_a_sign_in_that_failed_changes_nothing(
    portal_db: PortalDb, answer: list[tuple[str, str]]
) -> None:
    asked(portal_db)
    assert given(visit("/oauth2callback", answer), "portal") == []
    assert found(portal_db, NOTED)


def test_a_verification_keeps_the_cookie_that_other_tabs_hold(portal_db: PortalDb) -> None:
    asked(portal_db, "verify")
    assert given(visit("/oauth2callback", BACK), "portal") == []
    assert found(portal_db, NOTED)


@SECURE
def test_leaving_ends_the_session_and_its_cookie(portal_db: PortalDb, *, secure: bool) -> None:
    asked(portal_db)
    (fresh,) = given(visit("/auth/logout", secure=secure), SESSION_COOKIE[secure])
    assert fresh != NOTED
    assert not found(portal_db, NOTED)


def test_a_session_that_cant_be_moved_signs_nobody_in(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError(None, None, Exception())

    asked(portal_db)
    monkeypatch.setattr(Connection, "execute", away)
    answer = visit("/oauth2callback", BACK)
    assert answer.headers["location"] == FAILED
    assert [v for v in given(answer, "_streamlit_user") if v.strip('"')] == []


@SECURE
def test_a_browser_gets_each_cookie_once_and_no_script_reads_them(*, secure: bool) -> None:
    answer = visit("/", secure=secure, cookies="")
    for name, lasts in ((SESSION_COOKIE[secure], None), (DEVICE_COOKIE[secure], 400 * 86400)):
        (said,) = [c for c in answer.headers.getlist("set-cookie") if c.startswith(f"{name}=")]
        assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(said.split("; "))
        assert ("Secure" in said) == secure
        assert (f"Max-Age={lasts}" in said) == (lasts is not None)
    assert visit("/", secure=secure).headers.getlist("set-cookie") == []
