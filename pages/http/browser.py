"""Middleware: gives each browser two random cookies, and leads loopback names to one address.

One names a session row, which exists only once the browser asks to sign in, and is made afresh by
`pages/http/rotation.py`. The other stays, so that a member is told when a new browser signs in.
"""

from __future__ import annotations

import secrets
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse

from db.settings import LOOPBACK
from pages.http.names import DEVICE_COOKIE, SESSION_COOKIE

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from db.settings import Settings

_QUIET = ("/_stcore", "/static", "/media", "/component", "/healthz")
"""Paths that are no page: they set no cookie."""


_DEVICE_LASTS = 400 * 24 * 3600
"""Seconds; no browser keeps a cookie longer."""


def cookie(name: str, value: str, *, secure: bool, lasts: int | None = None) -> str:
    """Return a `Set-Cookie` header that no script reads; `lasts` seconds, else until closed."""
    morsel = SimpleCookie({name: value})[name]
    morsel["path"], morsel["httponly"], morsel["samesite"] = "/", True, "Lax"
    if secure:
        morsel["secure"] = True
    if lasts:
        morsel["max-age"] = lasts
    return morsel.OutputString()


class BrowserCookie:
    """Set the cookies where a page is asked for without them."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Wrap `app`."""
        self.app = app
        self.secure = settings.secure
        self.lasting = {
            SESSION_COOKIE[self.secure]: None,
            DEVICE_COOKIE[self.secure]: _DEVICE_LASTS,
        }

    def _missing(self, scope: Scope) -> list[str]:
        if scope["type"] != "http" or scope["path"].startswith(_QUIET):
            return []
        held = cookie_parser(Headers(scope=scope).get("cookie", ""))
        return [name for name in self.lasting if not held.get(name)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, adding the cookies to its answer."""
        missing = self._missing(scope)

        async def with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name in missing:
                    fresh, lasts = secrets.token_urlsafe(32), self.lasting[name]
                    headers.append(
                        "set-cookie", cookie(name, fresh, secure=self.secure, lasts=lasts)
                    )
            await send(message)

        await self.app(scope, receive, with_cookies if missing else send)


class OneAddress:
    """Redirect other loopback names to the portal's address, where its cookies are."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Wrap `app`."""
        self.app = app
        self.address = settings.address
        self.host = urlsplit(settings.address).netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Redirect or pass on."""
        host = Headers(scope=scope).get("host", "") if scope["type"] == "http" else self.host
        name = urlsplit(f"//{host}").hostname
        if host == self.host or name not in LOOPBACK or scope["path"] == "/healthz":
            await self.app(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        target = self.address + scope["path"] + (f"?{query}" if query else "")
        await RedirectResponse(target, status_code=307)(scope, receive, send)
