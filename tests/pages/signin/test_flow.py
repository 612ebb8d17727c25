"""Sign-in from the portal's button back to the portal, with the portal's own client."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from db.drafts import ValueDraft
from db.words import Store
from services.identity import accounts, hashing
from services.identity.clients import ACR
from tests.people import PLAIN
from tests.signing_in import HOME, PASSWORD, parameters

if TYPE_CHECKING:
    from typing import Any

    from tests.signing_in import Service

VERIFIER = "v" * 64
CHALLENGE: str = create_s256_code_challenge(VERIFIER)  # type: ignore[no-untyped-call]
EMAIL = PLAIN["email"]


def request(**changes: str | None) -> str:
    """An authorization request made by hand."""
    asked: dict[str, str | None] = {
        "client_id": "portal-member",
        "redirect_uri": f"{HOME}/oauth2callback",
        "response_type": "code",
        "scope": "openid",
        "state": "s",
        "nonce": "n",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"/signin/authorize?{urlencode({k: v for k, v in (asked | changes).items() if v})}"


def exchange(site: Service, code: str, client: str = "portal-member", **changes: str) -> Any:  # noqa: ANN401
    sent = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": f"{HOME}/oauth2callback",
        "code_verifier": VERIFIER,
    }
    secret = site.context.server.clients[client].client_secret
    return site.browser().http.post("/signin/token", data=sent | changes, auth=(client, secret))


def code_of(site: Service, **changes: str | None) -> str:
    answer = site.browser().fill(request(**changes), identifier=EMAIL, password=PASSWORD)
    return parameters(answer.headers["location"])["code"]


@pytest.mark.parametrize("store", [Store.LIVE, Store.DORMANT])
@pytest.mark.parametrize(
    "typed",
    [EMAIL, f"  {EMAIL.upper()} ", "haneul87", "010-2345-6789", "01023456789", "+82 10 2345 6789"],
)
def test_a_member_signs_in_with_what_they_remember(site: Service, typed: str, store: Store) -> None:
    member = site.member(store=store)
    browser = site.browser()
    came = browser.arrive(browser.sign_in(typed))["claims"]
    assert came["sub"] == str(member)
    assert came["iss"] == f"{HOME}/signin"
    assert came["aud"] == "portal-member"
    assert came["auth_time"] == int(site.clock().timestamp())
    assert came["acr"] == ACR
    assert came["exp"] > came["iat"]


def test_a_token_says_nothing_about_the_person(site: Service) -> None:
    site.member()
    browser = site.browser()
    came = browser.arrive(browser.sign_in(EMAIL))["claims"]
    assert came.keys() <= {
        "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "at_hash",
    }  # fmt: skip


@pytest.mark.parametrize(("who", "password"), [(EMAIL, "wrong"), ("nobody@example.com", PASSWORD)])
def test_wrong_and_unknown_get_the_same_answer(site: Service, who: str, password: str) -> None:
    site.member()
    answer = site.browser().sign_in(who, password)
    assert answer.status_code == 400
    assert "맞지 않아요" in answer.text
    assert 'role="alert"' in answer.text


def test_a_member_who_left_cannot_sign_in(site: Service) -> None:
    site.member(store=Store.RETAINED)
    assert site.browser().sign_in(EMAIL).status_code == 400


@pytest.mark.parametrize("sharing", [0, 1, 2, 4, 5, 9])
@pytest.mark.parametrize("typed", ["010-2345-6789", EMAIL])
def test_how_many_share_what_was_typed_is_not_told_by_time(
    site: Service, monkeypatch: pytest.MonkeyPatch, typed: str, sharing: int
) -> None:
    kind = "email" if "@" in typed else "mobile"
    for number in range(sharing):
        site.member(PASSWORD if number % 2 == 0 else None, values=(ValueDraft(kind, typed),))
    verified: list[object] = []
    hasher = hashing.HASHER

    class Counting:
        def verify(self, *given: str) -> None:
            verified.append(given)
            hasher.verify(*given)

        hash, check_needs_rehash = hasher.hash, hasher.check_needs_rehash

    monkeypatch.setattr(hashing, "HASHER", Counting())
    answer = site.browser().sign_in(typed, "wrong one")
    assert answer.status_code == 400
    assert "여러 계정" not in answer.text
    assert len(verified) == {"mobile": accounts.TRIED_BY_MOBILE, "email": 1}[kind]


def test_two_who_share_a_mobile_and_a_password_are_asked_for_something_else(site: Service) -> None:
    site.member(values=(ValueDraft("mobile", "010-2345-6789"), ValueDraft("login_id", "one")))
    site.member(values=(ValueDraft("mobile", "010-2345-6789"), ValueDraft("login_id", "two")))
    assert site.browser().sign_in("01023456789").status_code == 400
    browser = site.browser()
    assert browser.arrive(browser.sign_in("two"))["claims"]["sub"]


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"client_id": "somebody-else"},
        {"client_id": None},
        {"redirect_uri": "https://evil.example/oauth2callback"},
        {"redirect_uri": f"{HOME}/oauth2callback/../elsewhere"},
        {"redirect_uri": 'https://evil.example/"\\\u00e9'},
        {"redirect_uri": None},
        {"response_type": "token"},
        {"response_type": "code id_token"},
        {"nonce": None},
        {"prompt": "none login"},
    ],
)
def test_a_forged_request_gets_a_page_and_no_redirect(
    site: Service, changes: dict[str, str]
) -> None:
    for answer in (
        site.browser().open(request(**changes)),
        site.browser().http.post(request(**changes), data={"identifier": EMAIL}),
    ):
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "처음부터" in answer.text


def test_a_code_works_once(site: Service) -> None:
    site.member()
    code = code_of(site)
    assert exchange(site, code).status_code == 200
    assert exchange(site, code).json()["error"] == "invalid_grant"


def test_a_code_needs_its_verifier_and_its_client_and_its_minute(site: Service) -> None:
    site.member()
    assert exchange(site, code_of(site), code_verifier="w" * 64).status_code == 400
    assert exchange(site, code_of(site), code_verifier="").status_code == 400
    assert exchange(site, code_of(site), client="portal-verify").status_code == 400
    assert exchange(site, code_of(site), redirect_uri=f"{HOME}/else").status_code == 400
    late = code_of(site)
    site.clock.pass_by(seconds=60)
    assert exchange(site, late).status_code == 400


def test_a_client_must_know_its_secret(site: Service) -> None:
    site.member()
    sent = {"grant_type": "authorization_code", "code": code_of(site), "code_verifier": VERIFIER}
    answer = site.browser().http.post("/signin/token", data=sent, auth=("portal-member", "guess"))
    assert answer.status_code == 401


def test_a_verifier_that_failed_spends_the_code(site: Service) -> None:
    site.member()
    code = code_of(site)
    assert exchange(site, code, code_verifier="w" * 64).status_code == 400
    assert exchange(site, code).status_code == 400


@pytest.mark.promise("P30")
def test_verification_asks_again_and_its_time_is_fresh(site: Service) -> None:
    site.member()
    browser = site.browser()
    browser.arrive(browser.sign_in(EMAIL))
    site.clock.pass_by(seconds=30)
    form = browser.login("verify")
    assert {"prompt": "login", "max_age": "0"}.items() <= parameters(form).items()
    assert browser.open(form).status_code == 200
    came = browser.arrive(browser.fill(form, identifier=EMAIL, password=PASSWORD))["claims"]
    assert came["auth_time"] == int(site.clock().timestamp())
    assert came["aud"] == "portal-verify"


def test_max_age_alone_asks_again_once_the_session_is_older(site: Service) -> None:
    site.member()
    browser = site.browser()
    browser.fill(request(), identifier=EMAIL, password=PASSWORD)
    assert browser.open(request(max_age="60")).status_code == 303
    site.clock.pass_by(seconds=60)
    assert browser.open(request(max_age="60")).status_code == 200
    assert browser.open(request(max_age="61")).status_code == 303
    assert browser.open(request(max_age="0")).status_code == 200
    assert browser.open(request(max_age="soon")).status_code == 200


def test_a_session_answers_without_a_form_and_keeps_its_time(site: Service) -> None:
    member, browser = site.member(), site.browser()
    began = int(site.clock().timestamp())
    browser.fill(request(), identifier=EMAIL, password=PASSWORD)
    site.clock.pass_by(seconds=50)
    answer = browser.open(request(prompt="none"))
    tokens = exchange(site, parameters(answer.headers["location"])["code"]).json()
    from joserfc import jwt  # noqa: PLC0415

    claims = jwt.decode(tokens["id_token"], site.context.server.key, ["RS256"]).claims
    assert (claims["sub"], claims["auth_time"]) == (str(member), began)
    assert browser.open(request(prompt="select_account")).status_code == 200


def test_prompt_none_without_a_session_goes_back_empty_handed(site: Service) -> None:
    answer = site.browser().open(request(prompt="none"))
    assert parameters(answer.headers["location"]) == {
        "error": "login_required",
        "state": "s",
        **{
            k: v
            for k, v in parameters(answer.headers["location"]).items()
            if k == "error_description"
        },
    }


def test_a_session_ends(site: Service) -> None:
    site.member()
    browser = site.browser()
    browser.fill(request(), identifier=EMAIL, password=PASSWORD)
    site.clock.pass_by(hours=8)
    assert browser.open(request()).status_code == 200


def test_staff_and_members_have_doors_of_their_own(site: Service) -> None:
    staff = site.staff()
    site.member()
    assert site.browser().sign_in("agent7").status_code == 400
    assert site.browser().sign_in(EMAIL, provider="staff").status_code == 400
    browser = site.browser()
    came = browser.arrive(browser.sign_in("AGENT7", provider="staff"))["claims"]
    assert (came["sub"], came["aud"]) == (str(staff), "portal-staff")
    # A staff session is no member session.
    assert browser.open(request()).status_code == 200


def test_staff_whose_password_is_overdue_or_who_left_are_told(site: Service) -> None:
    site.staff("fresh", days_old=90)
    site.staff("old", days_old=91)
    site.staff("gone", ended_at=site.clock())
    assert site.browser().sign_in("fresh", provider="staff").status_code == 303
    assert "90일" in site.browser().sign_in("old", provider="staff").text
    assert "종료" in site.browser().sign_in("gone", provider="staff").text


def test_the_code_is_only_for_who_signed_in_with_our_form(site: Service) -> None:
    site.member()
    browser, path = site.browser(), request()
    browser.open(path)
    said = {"identifier": EMAIL, "password": PASSWORD}
    forged = browser.http.post(path, data=said | {"form_token": "guess"}, headers={"origin": HOME})
    assert forged.status_code == 400
    token = browser.http.cookies["portal-form"]
    other = browser.http.post(
        path, data=said | {"form_token": token}, headers={"origin": "https://evil.example"}
    )
    assert other.status_code == 400
    assert "location" not in other.headers


@pytest.mark.parametrize("body", [b"x" * 40_000, b"\xff\xfe", b"&".join([b"a=1"] * 99)])
def test_a_body_that_is_no_form_is_refused(site: Service, body: bytes) -> None:
    assert site.browser().http.post(request(), content=body).status_code == 400
