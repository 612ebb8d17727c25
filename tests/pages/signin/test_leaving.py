"""Sign-out."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from db.tables.ops import signin_session
from tests.people import PLAIN
from tests.signing_in import HOME

if TYPE_CHECKING:
    from tests.signing_in import Browser, Service

EMAIL = PLAIN["email"]
BACK = f"{HOME}/oauth2callback"


def signed_in(site: Service) -> tuple[Browser, str]:
    site.member()
    browser = site.browser()
    return browser, browser.arrive(browser.sign_in(EMAIL))["id_token"]


def leave(browser: Browser, **asked: str) -> str:
    answer = browser.open(f"/signin/logout?{urlencode(asked)}")
    return str(answer.headers.get("location", f"page {answer.status_code}"))


def test_the_portal_ends_the_session_and_gets_its_member_back(site: Service) -> None:
    browser, token = signed_in(site)
    site.clock.pass_by(days=29)  # the portal keeps the token that long; it may be old
    came = leave(
        browser, id_token_hint=token, client_id="portal-member", post_logout_redirect_uri=BACK
    )
    assert came == BACK
    assert site.rows(signin_session) == []
    assert "portal-signin" not in browser.http.cookies


def test_no_address_but_the_registered_one_is_gone_to(site: Service) -> None:
    browser, token = signed_in(site)
    evil = "https://evil.example/"
    assert leave(browser, id_token_hint=token, post_logout_redirect_uri=evil) == "/"


def test_without_proof_somebody_must_press_the_button(site: Service) -> None:
    browser, _ = signed_in(site)
    assert leave(browser, post_logout_redirect_uri=BACK, client_id="portal-member") == "page 200"
    assert len(site.rows(signin_session)) == 1
    assert browser.fill("/signin/logout").headers["location"] == "/"
    assert site.rows(signin_session) == []


def test_another_issuers_token_proves_nothing(site: Service) -> None:
    browser, token = signed_in(site)
    head, _, signature = token.split(".")
    forged = f"{head}.{'e30'}.{signature}"
    assert leave(browser, id_token_hint=forged, post_logout_redirect_uri=BACK) == "page 400"
    assert leave(browser, id_token_hint='é"', post_logout_redirect_uri=BACK) == "page 400"
    assert len(site.rows(signin_session)) == 1
