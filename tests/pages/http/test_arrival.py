"""Over which way requests may come in: TLS by a declared proxy, or this computer itself."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from db.settings import Settings, SettingsError, settings
from pages.http.arrival import Arrival
from tests.asgi import Answer
from tests.asgi import ask as ask_any

PROXY, WORLD = "203.0.113.7", "198.51.100.9"
TLS = {"x-forwarded-proto": "https", "x-forwarded-for": WORLD}
PUBLIC = Settings(base_url="https://my.example.kr", trusted_proxies=(PROXY, "10.0.0.0/8"))
LOCAL = Settings(port=8501)

pytestmark = pytest.mark.promise("P24")


def ask(given: Settings = PUBLIC, **request: Any) -> Answer:  # noqa: ANN401 (as ask_any)
    return ask_any(partial(Arrival, settings=given), **request)


def local(host: str = "localhost:8501", **headers: str) -> dict[str, str]:
    return {"host": host} | headers


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("peer", [PROXY, "10.1.2.3", "::ffff:203.0.113.7"])
def test_a_declared_proxy_that_took_tls_off_is_believed(kind: str, peer: str) -> None:
    found = ask(kind=kind, client=peer, headers=TLS)
    assert found.reached is not None
    assert found.scope["scheme"] == ("wss" if kind == "websocket" else "https")
    assert found.scope["client"][0] == WORLD
    assert not [k for k, _ in found.scope["headers"] if k.startswith(b"x-forwarded")]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("peer", [WORLD, "127.0.0.1", None, "nonsense"])
def test_nobody_else_is_believed(kind: str, peer: str) -> None:
    found = ask(kind=kind, client=peer, headers=TLS)
    assert found.reached is None
    assert found.status == (1008 if kind == "websocket" else 403)


@pytest.mark.parametrize("path", ["/", "/signin/authorize", "/_stcore/host-config", "/healthz"])
def test_plain_http_from_elsewhere_is_refused_with_a_sentence(path: str) -> None:
    for given, host in (
        (PUBLIC, "my.example.kr"),
        (LOCAL, "192.0.2.1:8501"),
        (LOCAL, "localhost:8501"),
    ):
        found = ask(given, path=path, client=WORLD, headers={"host": host})
        assert (found.reached, found.status) == (None, 403)
        assert "HTTPS" in found.body.decode()
        assert "PORTAL_TRUSTED_PROXIES" in found.body.decode()


def test_the_sentence_is_in_the_readers_language() -> None:
    english = ask(client=WORLD, headers={"cookie": "portal_language=en"}).body.decode()
    korean = ask(client=WORLD).body.decode()
    assert english.isascii()
    assert "주소" in korean or "열" in korean


def test_a_browser_that_came_plain_to_the_proxy_is_sent_to_tls() -> None:
    plain = TLS | {"x-forwarded-proto": "http"}
    found = ask(path="/my-data", query=b"a=1", client=PROXY, headers=plain)
    assert found.status == 308
    assert found.headers["location"] == "https://my.example.kr/my-data?a=1"
    assert ask(client=PROXY, method="POST", headers=plain).status == 403


def test_a_proxy_that_says_nothing_is_plain() -> None:
    assert ask(client=PROXY).status == 403


def test_this_computer_itself_needs_no_tls() -> None:
    for kind in ("http", "websocket"):
        for peer in ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"):
            assert ask(LOCAL, kind=kind, client=peer, headers=local()).reached is not None


def test_what_an_undeclared_peer_says_of_others_is_removed() -> None:
    said = {
        "x-forwarded-for": "192.0.2.1",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "evil.example",
        "x-forwarded-port": "1",
        "forwarded": "for=192.0.2.1",
    }
    found = ask(LOCAL, headers=local(**said))
    assert found.scope["client"][0] == "127.0.0.1"
    assert found.scope["scheme"] == "http"
    assert [k for k, _ in found.scope["headers"]] == [b"host"]


def test_made_up_links_of_the_chain_are_not_the_browser() -> None:
    chain = {"x-forwarded-for": f"192.0.2.66, {WORLD}, 10.9.9.9"}
    assert ask(client=PROXY, headers=TLS | chain).scope["client"][0] == WORLD
    broken = {"x-forwarded-for": f"{WORLD}, <script>"}
    assert ask(client=PROXY, headers=TLS | broken).scope["client"][0] == PROXY


@pytest.mark.parametrize(
    "host",
    ["evil.example", "my.example.kr.evil.example", "my.example.kr:81", "evil@my.example.kr", ""],
)
def test_another_name_is_refused(host: str) -> None:
    found = ask(client=PROXY, headers=TLS | {"host": host})
    assert (found.reached, found.status) == (None, 400)
    found = ask(kind="websocket", client=PROXY, headers=TLS | {"host": host})
    assert (found.reached, found.status) == (None, 1008)


def test_a_name_that_leads_to_this_computer_by_a_trick_is_refused() -> None:
    assert ask(LOCAL, headers=local("evil.example:8501")).status == 400
    assert ask(LOCAL, path="/healthz", headers=local("evil.example:8501")).status == 200
    # Another name of this computer is sent on to the one address by the next middleware.
    assert ask(LOCAL, headers=local("127.0.0.1:8501")).status == 200


def test_the_name_the_proxy_was_asked_for_counts() -> None:
    inside = TLS | {"host": "portal:8501"}
    assert (
        ask(client=PROXY, headers=inside | {"x-forwarded-host": "my.example.kr"}).reached
        is not None
    )
    assert ask(client=PROXY, headers=inside | {"x-forwarded-host": "evil.example"}).status == 400


def test_a_proxy_may_ask_whether_the_portal_works() -> None:
    assert ask(path="/healthz", client=PROXY, headers={"host": "10.0.0.5:8501"}).status == 200


def test_a_wrong_proxy_address_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_TRUSTED_PROXIES", "proxy.example")
    settings.cache_clear()
    with pytest.raises(SettingsError, match="PORTAL_TRUSTED_PROXIES"):
        settings()
    settings.cache_clear()
