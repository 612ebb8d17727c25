"""What a browser is told it may do with a page, and the page that Streamlit draws into."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import partial
from typing import TYPE_CHECKING

import pytest

from db.settings import Settings
from pages.http import shell
from pages.http.headers import SecurityHeaders, policy
from tests.asgi import ask

if TYPE_CHECKING:
    from pathlib import Path

PUBLIC = Settings(base_url="https://my.example.kr")
LOCAL = Settings(port=8501)
HTML = {
    "content-type": "text/html; charset=utf-8",
    "etag": "e",
    "content-encoding": "gzip",
    "content-length": "6",
}


def sources(settings: Settings) -> dict[str, set[str]]:
    parts = (part.split() for part in policy(settings).split(";"))
    return {name: set(rest) for name, *rest in parts}


def test_a_page_runs_nothing_but_streamlits_files_and_its_one_script() -> None:
    scripts = re.findall(
        r"<script>(.*?)</script>", shell.INDEX.read_text(encoding="utf-8"), re.DOTALL
    )
    known = {
        f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'"
        for s in scripts
    }
    assert len(known) == 1
    assert sources(PUBLIC)["script-src"] == {"'self'", "'wasm-unsafe-eval'"} | known
    assert sources(PUBLIC)["default-src"] == {"'none'"}
    assert sources(PUBLIC)["frame-ancestors"] == {"'none'"}


def test_a_page_talks_to_the_portal_alone() -> None:
    assert sources(PUBLIC)["connect-src"] == {"'self'", "wss://my.example.kr"}
    assert sources(LOCAL)["connect-src"] == {"'self'", "ws://localhost:8501"}


@pytest.mark.promise("P24")
def test_browsers_remember_to_come_over_tls() -> None:
    found = ask(partial(SecurityHeaders, settings=PUBLIC)).headers
    assert int(found["strict-transport-security"].removeprefix("max-age=")) >= 180 * 24 * 3600
    assert "strict-transport-security" not in ask(partial(SecurityHeaders, settings=LOCAL)).headers


def test_every_answer_has_the_headers() -> None:
    found = ask(partial(SecurityHeaders, settings=PUBLIC), status=404).headers
    assert found["x-content-type-options"] == "nosniff"
    assert found["referrer-policy"] == "no-referrer"
    assert found["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in found["permissions-policy"]
    assert found["content-security-policy"] == policy(PUBLIC)


def test_a_stricter_policy_is_kept() -> None:
    own = {"Content-Security-Policy": "default-src 'none'", "Referrer-Policy": "same-origin"}
    found = ask(partial(SecurityHeaders, settings=PUBLIC), answer=own).headers
    assert found.getlist("content-security-policy") == ["default-src 'none'"]
    assert found.getlist("referrer-policy") == ["same-origin"]


@pytest.mark.parametrize(
    ("cookie", "language"), [("", "ko"), ("portal_language=en", "en"), ("portal_language=xx", "ko")]
)
def test_the_page_says_its_language(cookie: str, language: str) -> None:
    found = ask(shell.Shell, "/my-data", headers={"cookie": cookie}, answer=HTML)
    text = found.body.decode()
    assert f'<html lang="{language}">' in text
    assert ("지킴" in text) == (language == "ko")
    assert found.headers["content-length"] == str(len(found.body))
    assert found.headers["cache-control"] == "no-store"
    assert found.headers["vary"] == "Cookie"
    assert not {"etag", "content-encoding"} & set(found.headers)


def test_the_page_may_be_enlarged() -> None:
    [viewport] = re.findall(r'<meta name="viewport" content="([^"]*)"', shell.page("ko"))
    assert "user-scalable" not in viewport
    assert "maximum-scale" not in viewport


def test_streamlit_is_never_asked_whether_its_page_changed() -> None:
    found = ask(shell.Shell, headers={"if-none-match": "e", "range": "bytes=0-1"}, answer=HTML)
    assert {k for k, _ in found.scope["headers"]} == {b"host"}


def test_screens_files_and_errors_of_others_pass_unchanged() -> None:
    own = HTML | {"content-security-policy": "x"}
    assert ask(shell.Shell, "/signin/authorize", answer=own).body == b"inside"
    assert ask(shell.Shell, answer={"content-type": "application/json"}).body == b"inside"
    assert ask(shell.Shell, answer=HTML, status=404).body == b"inside"
    assert ask(shell.Shell, "/static/a.html", answer=HTML).body == b"inside"


def test_a_page_that_streamlit_changed_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    changed = tmp_path / "index.html"
    changed.write_text("<html><title>new</title></html>", encoding="utf-8")
    monkeypatch.setattr(shell, "INDEX", changed)
    with pytest.raises(RuntimeError, match="Streamlit's page changed"):
        shell.page("ko")
