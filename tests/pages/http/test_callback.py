"""Coming back from a provider: only a good token signs in, the rest is told what to do."""

from __future__ import annotations

import json
import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from streamlit import auth_util, config
from streamlit.runtime.secrets import Secrets
from streamlit.testing.v1 import AppTest
from streamlit.web.server import server_util
from streamlit.web.server.starlette.starlette_app import create_streamlit_middleware
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_auth_routes import create_auth_routes

import app
from db.settings import ROOT, Settings
from pages.http import callback
from services import sessions
from services.house import house
from tests.hostile import CLIENT, Hostile, provider, symmetric
from tests.people import PLAIN, member
from tests.portal import Portal, portal, text_of
from tests.signing_in import Http, parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["portal"]


USER = "_streamlit_user"
KNOWN = {"email": PLAIN["email"], "email_verified": True}
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "one"})


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    with provider() as found:
        found.lies = dict(KNOWN)
        yield found


class Visitor:
    """A browser on its way through Streamlit's own sign-in routes and our middleware."""

    def __init__(self, hostile: Hostile, portal: Starlette, secret: str) -> None:
        self.hostile, self.http, self.secret = hostile, Http(portal), secret

    def leave(self, provider_name: str = "member") -> str:
        """Go to the provider; return the state it is asked with."""
        token = auth_util.encode_provider_token(provider_name)
        answer = self.http.get(f"/auth/login?provider={token}")
        asked = parameters(answer.headers["location"])
        assert answer.headers["location"].startswith(self.hostile.address), answer.headers
        self.hostile.nonce = asked["nonce"]
        return asked["state"]

    def back(self, query: str) -> httpx2.Response:
        return self.http.get(f"/oauth2callback?{query}")

    def sign_in(self, provider_name: str = "member") -> httpx2.Response:
        state = self.leave(provider_name)
        return self.back(f"code={state[::-1]}&state={state}")  # any code, each once

    def claims(self) -> dict[str, Any]:
        """What Streamlit would tell the pages about this browser."""
        value = self.http.cookies.get(USER)
        kept = decode_signed_value(self.secret, USER, value) if value else None
        return dict(json.loads(kept)) if kept else {"is_logged_in": False}


@pytest.fixture
def visitor(hostile: Hostile, portal: Portal, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """Streamlit's routes behind what `app.py` puts before them, without a page server."""
    portal.now = datetime.now(UTC)  # the library reads the real clock
    chosen = Settings(var=portal.db.var, **hostile.settings)
    monkeypatch.setattr(config, "_main_script_path", None)
    built = app.build(chosen, house())
    given = Secrets()
    given.merge_programmatic_secrets(built._programmatic_secrets or {})
    monkeypatch.setattr(auth_util, "secrets_singleton", given)
    monkeypatch.setattr(server_util, "secrets_singleton", given)
    middleware = [*built._user_middleware, *create_streamlit_middleware()]
    portal_routes = Starlette(routes=create_auth_routes(""), middleware=middleware)
    return Visitor(hostile, portal_routes, server_util.get_cookie_secret())


def refused(visitor: Visitor, answer: httpx2.Response) -> None:
    assert answer.headers["location"] == callback.FAILED
    assert not visitor.claims()["is_logged_in"]


def test_a_good_token_signs_in_and_leads_home(visitor: Visitor) -> None:
    assert visitor.sign_in().headers["location"] == "/"
    assert visitor.claims()["sub"] == "somebody"


def test_a_token_too_long_for_one_cookie_signs_in_too(visitor: Visitor) -> None:
    visitor.hostile.lies["groups"] = secrets.token_hex(9000)  # what repeats would be compressed
    assert visitor.sign_in().headers["location"] == "/"
    assert f"{USER}_2" in visitor.http.cookies
    visitor.hostile.lies["aud"] = ["another"]
    visitor.hostile.lies["azp"] = CLIENT
    assert visitor.sign_in().headers["location"] == callback.FAILED
    assert USER not in visitor.http.cookies


NOW = int(time.time())
BAD: dict[str, dict[str, Any]] = {
    "signed by another key": {"key": OTHER_KEY},
    "signed with the client's secret": {"alg": "HS256", "key": symmetric()},
    "signed with the client's secret, as announced": {
        "alg": "HS256", "key": symmetric(),
        "describes": {"id_token_signing_alg_values_supported": ["RS256", "HS256"]},
    },
    "not signed": {"alg": "none"},
    "not signed, as announced": {
        "alg": "none", "describes": {"id_token_signing_alg_values_supported": ["RS256", "none"]}
    },
    "expired": {"lies": {"exp": NOW - 600, "iat": NOW - 1200}},
    "issued in an hour": {"lies": {"iat": NOW + 3600, "exp": NOW + 7200}},
    "of a foreign issuer": {"lies": {"iss": "https://id.example.com"}},
    "in the name of the built-in service": {
        "lies": {"iss": "http://localhost:8501/signin"},
        "describes": {"issuer": "http://localhost:8501/signin"},
    },
    "for somebody else": {"lies": {"aud": "another client"}},
    "for somebody else, by way of us": {"lies": {"aud": "another client", "azp": CLIENT}},
    "by way of somebody else": {"lies": {"aud": [CLIENT, "another"], "azp": "another"}},
    "with another nonce": {"lies": {"nonce": "of another sign-in"}},
    "without the nonce": {"lies": {"nonce": None}},
    "with a wrong at_hash": {"lies": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}},
    "about nobody": {"lies": {"sub": None}},
    "without an end": {"lies": {"exp": None}},
    "without an audience": {"lies": {"aud": None}},
    "missing": {"silent": True},
}  # fmt: skip


@pytest.mark.parametrize("how", BAD.values(), ids=BAD)
def test_a_bad_token_signs_nobody_in_and_says_so(visitor: Visitor, how: dict[str, Any]) -> None:
    for name, value in how.items():
        setattr(visitor.hostile, name, KNOWN | value if name == "lies" else value)
    refused(visitor, visitor.sign_in())


def test_an_answer_counts_once(visitor: Visitor) -> None:
    state = visitor.leave()
    asked_with = httpx2.Cookies(visitor.http.cookies)
    assert visitor.back(f"code=one&state={state}").headers["location"] == "/"
    signed_in = visitor.claims()
    # The browser's "back" button: nothing new, and nothing lost.
    assert visitor.back(f"code=one&state={state}").headers["location"] == callback.FAILED
    assert visitor.claims() == signed_in
    # A stolen cookie of before: the provider gives nothing twice for a code.
    visitor.http.cookies = asked_with
    refused(visitor, visitor.back(f"code=one&state={state}"))


def test_an_answer_nobody_asked_for_signs_nobody_in(visitor: Visitor) -> None:
    state = visitor.leave()
    refused(visitor, visitor.back("code=one&state=made-up"))
    refused(visitor, visitor.back("code=one"))
    visitor.http.cookies = httpx2.Cookies()  # another browser
    refused(visitor, visitor.back(f"code=one&state={state}"))


def test_what_a_provider_says_about_an_error_is_not_repeated(
    visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    for error in ("access_denied", "kim@example.com"):
        said = f"error={error}&error_description=kim%40example.com&state={visitor.leave()}"
        answer = visitor.back(said)
        refused(visitor, answer)
        assert "kim" not in str(answer.headers)
    assert "access_denied" in caplog.text
    assert "kim" not in caplog.text
    visitor.hostile.grumble = "kim@example.com is nobody here"
    refused(visitor, visitor.sign_in())
    assert "OAuthError" in caplog.text
    assert "kim" not in caplog.text


def test_coming_back_from_signing_out_is_silent(visitor: Visitor) -> None:
    assert visitor.http.get("/oauth2callback").headers["location"] == "/"


def test_a_provider_that_is_away_is_said(visitor: Visitor) -> None:
    visitor.hostile.describes = {"authorization_endpoint": None}
    token = auth_util.encode_provider_token("member")
    for asked in (token, "made-up"):
        answer = visitor.http.get(f"/auth/login?provider={asked}")
        assert (answer.headers["location"], answer.content) == (callback.FAILED, b"")


def ask(portal: Portal, provider_name: str) -> None:
    """Ask for a sign-in or a verification as this browser."""
    portal.token = portal.token or "a browser's cookie"
    with portal.db.web.data.begin() as connection:
        sessions.ask(connection, portal.token, provider_name, portal.now, return_to="/")


def verified(portal: Portal) -> datetime | None:
    with portal.db.web.data.begin() as connection:
        found = sessions.find(connection, portal.token, portal.now)
    assert found
    return found.verified_at


def test_a_token_of_long_ago_signs_nobody_in(visitor: Visitor, portal: Portal) -> None:
    member(portal.db)
    for age, shown in ((3600, "로그인"), (0, "로그아웃")):
        ask(portal, "member")
        visitor.hostile.lies["iat"] = int(portal.now.timestamp()) - age
        visitor.sign_in()
        tab = portal.open(user=visitor.claims())
        assert shown in [b.label for b in tab.button]


def test_a_verification_without_its_time_is_refused(visitor: Visitor, portal: Portal) -> None:
    member(portal.db)
    ask(portal, "member")
    visitor.sign_in()
    portal.open(user=visitor.claims())
    before = verified(portal)
    visitor.hostile.lies["auth_time"] = None
    ask(portal, "verify")
    assert visitor.sign_in("verify").headers["location"] == "/"
    assert "언제 확인했는지" in text_of(portal.open(user=visitor.claims()))
    assert verified(portal) == before
    portal.later(seconds=70)
    visitor.hostile.now = portal.now.timestamp()
    del visitor.hostile.lies["auth_time"]
    ask(portal, "verify")
    visitor.sign_in("verify")
    portal.open(user=visitor.claims())
    assert verified(portal) == portal.now.replace(microsecond=0)


@pytest.mark.parametrize(
    ("signed_in", "title"),
    [(False, "로그인을 마치지 못했어요"), (True, "본인 확인을 마치지 못했어요")],
)
def test_the_page_says_what_to_do(portal: Portal, *, signed_in: bool, title: str) -> None:
    if signed_in:
        portal.sign_in(member(portal.db))
    tab = AppTest.from_file(str(ROOT / "pages" / "portal.py"), default_timeout=30)
    tab.user = {"is_logged_in": False}
    tab.query_params["sign_in"] = callback.FAILED.rpartition("=")[2]
    shown = text_of(tab.run())
    assert title in shown
    assert 'href="/contact"' in shown
