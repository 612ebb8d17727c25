"""Streamlit's cookies as a browser gets and sends them."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as some
from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from db.settings import Settings
from pages.http.arrival import language_of
from pages.http.cookies import StreamlitCookies, incoming, outgoing
from pages.http.names import language_in
from pages.http.shell import Shell
from tests.asgi import ask

PUBLIC = Settings(base_url="https://my.example.kr")
LOCAL = Settings(port=8501)
HIDDEN = [
    "_streamlit_user",
    "_streamlit_user_1",
    "_streamlit_user_tokens",
    "_streamlit_session",
    "portal_language",
]

pytestmark = pytest.mark.promise("P24")


def parts(cookie: str) -> dict[str, str]:
    pairs = [part.strip().partition("=") for part in cookie.split(";")]
    return {name: value for name, _, value in pairs}


@pytest.mark.parametrize("name", HIDDEN)
def test_over_tls_a_cookie_is_bound_to_the_host_and_out_of_reach(name: str) -> None:
    found = parts(outgoing(f"{name}=abc; Path=/", secure=True))
    assert found[f"__Host-{name}"] == "abc"
    assert name not in found
    assert found["SameSite"] == "Lax"
    assert {"Secure", "HttpOnly"} <= found.keys()
    assert found["Path"] == "/"
    assert "Domain" not in found


@pytest.mark.parametrize("name", HIDDEN)
def test_on_this_computer_it_keeps_its_name(name: str) -> None:
    found = parts(outgoing(f"{name}=abc; Path=/; HttpOnly; SameSite=none", secure=False))
    assert found[name] == "abc"
    assert found["SameSite"] == "Lax"
    assert "HttpOnly" in found
    assert "Secure" not in found


def test_over_tls_every_reader_finds_the_same_language() -> None:
    """The page before any run, the refusal of an address, and what runs inside."""
    held = outgoing("portal_language=en; Path=/", secure=True).partition(";")[0]
    came = ask(
        lambda inner: Shell(StreamlitCookies(inner, settings=PUBLIC)),
        headers={"cookie": held}, answer={"content-type": "text/html"},
    )  # fmt: skip
    assert b'<html lang="en">' in came.body
    assert language_of(Headers({"cookie": held})) == "en"
    inside = Headers(scope=came.scope)["cookie"]
    assert language_in(cookie_parser(inside)) == "en"
    assert language_in({}) == "ko"


def test_the_one_that_a_script_must_read_stays_readable_but_secure() -> None:
    found = parts(outgoing("_streamlit_xsrf=2|a|b|1; Path=/; SameSite=Lax", secure=True))
    assert found["_streamlit_xsrf"] == "2|a|b|1"
    assert "Secure" in found
    assert "HttpOnly" not in found


@pytest.mark.parametrize(
    ("given_", "kept"), [(2_592_000, "43200"), (43_200, "43200"), (60, "60"), (0, "0")]
)
def test_a_sign_in_lives_as_long_as_a_session_may(given_: int, kept: str) -> None:
    cookie = f"_streamlit_user=a; Max-Age={given_}; expires=Thu, 01 Jan 2099 00:00:00 GMT; Path=/"
    found = parts(outgoing(cookie, secure=True))
    assert found["Max-Age"] == kept
    assert ("expires" in found) == (given_ == 0)


def test_the_language_may_live_longer() -> None:
    assert (
        parts(outgoing("portal_language=en; Max-Age=31536000", secure=True))["Max-Age"]
        == "31536000"
    )


def test_other_cookies_are_left_alone() -> None:
    cookie = "__Host-portal=x; HttpOnly; Path=/; SameSite=Lax; Secure"
    assert outgoing(cookie, secure=True) == cookie


def test_a_planted_cookie_without_the_prefix_does_not_count() -> None:
    rest = "__Host-portal=p; _streamlit_xsrf=x; other=1"
    sent = f"_streamlit_user=planted; __Host-_streamlit_user=own; {rest}"
    assert incoming(sent) == f"_streamlit_user=own; {rest}"


@given(
    some.dictionaries(
        some.sampled_from([*HIDDEN, "_streamlit_xsrf"]), some.text("abc=-_.", min_size=1)
    )
)
def test_what_went_out_comes_back_under_streamlits_name(cookies: dict[str, str]) -> None:
    kept = [outgoing(f"{n}={v}; Path=/", secure=True).split(";")[0] for n, v in cookies.items()]
    back = dict(pair.split("=", 1) for pair in incoming("; ".join(kept)).split("; ") if pair)
    assert back == cookies


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_both_ways_through_the_middleware(kind: str) -> None:
    found = ask(
        partial(StreamlitCookies, settings=PUBLIC), kind=kind,
        headers={"cookie": "__Host-_streamlit_user=me"},
        answer=[
            ("set-cookie", "_streamlit_user=a"),
            ("set-cookie", "_streamlit_session=b"),
            ("x-a", "b"),
        ],
    )  # fmt: skip
    assert dict(found.scope["headers"])[b"cookie"] == b"_streamlit_user=me"
    kept = [v.split("=")[0] for v in found.headers.getlist("set-cookie")]
    assert kept == ["__Host-_streamlit_user", "__Host-_streamlit_session"]
    assert found.headers["x-a"] == "b"


def test_on_this_computer_cookies_come_in_as_they_are() -> None:
    found = ask(partial(StreamlitCookies, settings=LOCAL), headers={"cookie": "_streamlit_user=me"})
    assert dict(found.scope["headers"])[b"cookie"] == b"_streamlit_user=me"
