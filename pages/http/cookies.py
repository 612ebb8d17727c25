"""Middleware: Streamlit's cookies under our rules.

Every cookie gets `Secure` over TLS and `SameSite=Lax`; those that no script needs get `HttpOnly`
and, over TLS, the `__Host-` prefix, which binds them to this very host. Streamlit knows them by its
own names, so they are renamed on the way out and back on the way in. Sign-ins live as long as a
session may at most.

`_streamlit_xsrf` stays as it is called, and readable: Streamlit's front end reads it by that name
and sends it back, which proves to the server that the page is ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pages.http.names import LANGUAGE_COOKIE as LANGUAGE
from services.sessions import LONGEST

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from db.settings import Settings

PREFIX: Final = "__Host-"
XSRF: Final = "_streamlit_xsrf"
_LONGEST: Final = int(LONGEST.total_seconds())


def _hidden(name: str) -> bool:
    """Return whether this cookie of Streamlit's, or of ours, is none of a script's business."""
    return (name.startswith("_streamlit") and name != XSRF) or name == LANGUAGE


def incoming(cookies: str) -> str:
    """Return a `Cookie` header as Streamlit knows it.

    A hidden cookie without the prefix is dropped: a neighbouring host may have planted it.
    """
    kept = []
    for pair in cookies.split(";"):
        name = pair.strip().partition("=")[0]
        if name.startswith(PREFIX) and _hidden(name.removeprefix(PREFIX)):
            kept.append(pair.strip().removeprefix(PREFIX))
        elif pair.strip() and not _hidden(name):
            kept.append(pair.strip())
    return "; ".join(kept)


def outgoing(cookie: str, *, secure: bool) -> str:
    """Return a `Set-Cookie` header as a browser shall keep it."""
    pair, *given = (part.strip() for part in cookie.split(";"))
    name = pair.partition("=")[0]
    if not (name == XSRF or _hidden(name)):
        return cookie
    said = {part.partition("=")[0].lower(): part for part in given}
    said["samesite"] = "SameSite=Lax"
    if secure:
        said["secure"] = "Secure"
    if _hidden(name):
        said["httponly"] = "HttpOnly"
        pair = f"{PREFIX}{pair}" if secure else pair
    if name != LANGUAGE and "max-age" in said:
        seconds = int(said["max-age"].partition("=")[2])
        said["max-age"] = f"Max-Age={min(seconds, _LONGEST)}"
        if seconds > 0:
            # The older attribute would say another time.
            said.pop("expires", None)
    return "; ".join([pair, *said.values()])


class StreamlitCookies:
    """Rename and harden, for pages and for the websocket."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Wrap `app`."""
        self.app = app
        self.secure = settings.secure

    def _known(self, scope: Scope) -> Scope:
        if not self.secure:
            return scope
        headers = [
            (k, incoming(v.decode("latin-1")).encode("latin-1") if k.lower() == b"cookie" else v)
            for k, v in scope["headers"]
        ]
        return {**scope, "headers": headers}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under Streamlit's names, its answer under ours."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return

        async def kept(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.accept"}:
                message = {**message, "headers": self._hardened(message.get("headers", ()))}
            await send(message)

        await self.app(self._known(scope), receive, kept)

    def _hardened(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        return [
            (k, outgoing(v.decode("latin-1"), secure=self.secure).encode("latin-1"))
            if k.lower() == b"set-cookie"
            else (k, v)
            for k, v in headers
        ]
