"""Middleware: which way a request came in. Plain HTTP is refused but on this computer (P24).

A declared TLS proxy (`PORTAL_TRUSTED_PROXIES`) may say what it took off: scheme, host and the
browser's address. From anyone else these headers are removed before anybody can believe them.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from db.settings import LOOPBACK
from db.words import N_
from pages.http.names import language_in
from services.language import translate

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from starlette.types import ASGIApp, Receive, Scope, Send

    from db.settings import Settings
    from services.language import Language

HEALTH = "/healthz"
_FORWARDED = frozenset(
    {
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-proto",
        b"x-forwarded-port",
    }
)
_TLS = {"http": "https", "ws": "wss"}


def language_of(headers: Headers) -> Language:
    """Return the language that this browser chose."""
    return language_in(cookie_parser(headers.get("cookie", "")))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


class Arrival:
    """Refuse plain HTTP and names that are not the portal's; take a declared proxy's word."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Wrap `app`."""
        self.app = app
        self.secure = settings.secure
        self.address = settings.address
        self.host = urlsplit(settings.address).netloc.lower()
        self.proxies = [ip_network(p, strict=False) for p in settings.trusted_proxies]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what came in safely; answer the rest here."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        peer = _address(scope["client"][0]) if scope.get("client") else None
        declared = peer is not None and any(peer in network for network in self.proxies)
        arrived = self._as_said(scope, declared=declared)
        local = peer is not None and peer.is_loopback
        answer = self._refusal(arrived, local=local, declared=declared)
        if answer is None:
            await self.app(arrived, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer(arrived, receive, send)

    def _as_said(self, scope: Scope, *, declared: bool) -> Scope:
        """Return the scope as the browser sent it, without any header that speaks for another."""
        said = Headers(scope=scope)
        headers = [(k, v) for k, v in scope["headers"] if k.lower() not in _FORWARDED]
        arrived = {**scope, "headers": headers}
        if not declared:
            return arrived
        if said.get("x-forwarded-proto", "").strip().lower() in {"https", "wss"}:
            arrived["scheme"] = _TLS.get(scope["scheme"], scope["scheme"])
        elif "x-forwarded-proto" in said:
            arrived["state"] = {**scope.get("state", {}), "plain": True}
        if host := said.get("x-forwarded-host"):
            arrived["headers"] = [h for h in headers if h[0].lower() != b"host"]
            arrived["headers"].append((b"host", host.strip().encode("latin-1")))
        if browser := self._browser(said.get("x-forwarded-for", "")):
            arrived["client"] = (browser, 0)
        return arrived

    def _browser(self, chain: str) -> str | None:
        """Return the chain's last address that is no declared proxy; those before may be lies."""
        for one in reversed(chain.split(",")):
            found = _address(one)
            if found is None:
                return None
            if not any(found in network for network in self.proxies):
                return str(found)
        return None

    def _refusal(self, scope: Scope, *, local: bool, declared: bool) -> Response | None:
        """Return why the request isn't taken, or None."""
        hosts = Headers(scope=scope).getlist("host")
        host = hosts[0].lower() if len(hosts) == 1 else ""
        health = scope["path"] == HEALTH
        if not self._safe(scope, host, local=local) and not (health and (local or declared)):
            return self._plain(scope, host)
        if health or host == self.host or (local and _name(host) in LOOPBACK):
            return None
        return _sentence(scope, N_("This address is not the portal's."), 400)

    def _safe(self, scope: Scope, host: str, *, local: bool) -> bool:
        """Return whether nobody on the way could read along: TLS, or this computer itself."""
        if scope["scheme"] in {"https", "wss"}:
            return True
        plain = scope.get("state", {}).get("plain", False)
        # A public name on a plain local connection comes from a proxy that nobody declared.
        return local and not plain and not (self.secure and host == self.host)

    def _plain(self, scope: Scope, host: str) -> Response:
        if self.secure and host == self.host and scope.get("method") in {"GET", "HEAD"}:
            plain = scope.get("state", {}).get("plain", False)
            if plain:
                query = scope["query_string"].decode("latin-1")
                return RedirectResponse(
                    self.address + scope["path"] + (f"?{query}" if query else ""), 308
                )
        return _sentence(
            scope,
            N_("This portal opens over HTTPS only. A TLS proxy must be named in {setting}."),
            403,
            setting="PORTAL_TRUSTED_PROXIES",
        )


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _sentence(scope: Scope, message: str, status: int, **params: object) -> Response:
    text = translate(language_of(Headers(scope=scope)), message, **params)
    return PlainTextResponse(text, status, headers={"Cache-Control": "no-store"})
