"""A verification provider that can't say when somebody signed in stops the start."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from db.settings import Settings
from services import provider_check
from services.identity.discovery import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def provider(body: object, status: int = 200) -> Iterator[str]:
    """Serve a discovery document on this computer."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: Any) -> None:  # noqa: ANN401
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/.well-known/openid-configuration"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def check(url: str, **settings: str) -> None:
    provider_check.check(Settings(**{"verify_metadata_url": url} | settings))  # type: ignore[arg-type]


@pytest.mark.promise("P30")
def test_a_provider_whose_tokens_lack_auth_time_is_refused_with_a_sentence() -> None:
    with (
        provider({"claims_supported": ["sub", "iss", "email"]}) as url,
        pytest.raises(provider_check.ProviderError) as caught,
    ):
        check(url)
    assert "PORTAL_VERIFY_METADATA_URL" in str(caught.value)
    assert "auth_time" in str(caught.value)


def test_the_members_provider_is_asked_when_it_verifies_too() -> None:
    with (
        provider({"claims_supported": ["sub"]}) as url,
        pytest.raises(provider_check.ProviderError, match="PORTAL_MEMBER_METADATA_URL"),
    ):
        check("", member_metadata_url=url)


@pytest.mark.parametrize(
    "document",
    [
        {"claims_supported": ["sub", "auth_time"]},
        {},
        {"claims_supported": None},
        metadata(Settings()),
    ],
)
def test_one_that_has_it_or_says_nothing_may_start(document: dict[str, Any]) -> None:
    with provider(document) as url:
        check(url)


@pytest.mark.parametrize(("body", "status"), [(b"<html>", 200), ({}, 503), ([], 200)])
def test_one_that_is_away_for_a_while_does_not_keep_the_portal_down(
    body: object, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with provider(body, status) as url:
        check(url)
    assert "PORTAL_VERIFY_METADATA_URL does not answer" in caplog.text


def test_one_that_is_not_there_does_not_either() -> None:
    with provider({}) as url:
        pass
    check(url)


def test_the_built_in_service_is_not_asked() -> None:
    check("")
