"""Middleware: gives each browser a random cookie, and sends other names of this computer to one address.

The cookie names a session row; the row exists only once the browser asks to sign in.
"""

from __future__ import annotations

import secrets
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse

from db.settings import LOOPBACK
from pages.http.names import SESSION_COOKIE

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from db.settings import Settings

_QUIET = ("/_stcore", "/static", "/media", "/component", "/healthz")
"""Paths that are no page: they set no cookie."""


def _cookie(settings: Settings) -> str:
    cookie = SimpleCookie()
    name = SESSION_COOKIE[settings.secure]
    cookie[name] = secrets.token_urlsafe(32)
    morsel = cookie[name]
    morsel["path"], morsel["httponly"], morsel["samesite"] = "/", True, "Lax"
    if settings.secure:
        morsel["secure"] = True
    return morsel.OutputString()


class BrowserCookie:
    """Set the session cookie where a page is asked for without one."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Wrap `app`."""
        self.app = app
        self.settings = settings

    def _needs(self, scope: Scope) -> bool:
        if scope["type"] != "http" or scope["path"].startswith(_QUIET):
            return False
        name = SESSION_COOKIE[self.settings.secure]
        return name not in SimpleCookie(Headers(scope=scope).get("cookie", ""))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, adding the cookie to its answer."""
        if not self._needs(scope):
            await self.app(scope, receive, send)
            return

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("set-cookie", _cookie(self.settings))
            await send(message)

        await self.app(scope, receive, with_cookie)


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
