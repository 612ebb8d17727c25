"""Middleware: a sign-in and a sign-out each give the browser a session cookie of a new value.

Whoever noted the value before (on a shared computer, say) finds nobody's session with it after.
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from db import clock
from pages.http.browser import cookie
from pages.http.callback import CALLBACK, failed
from pages.http.names import DEVICE_COOKIE, SESSION_COOKIE
from services import sessions
from services.house import house

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from db.settings import Settings

LOGOUT: Final = "/auth/logout"
_LOG: Final = logging.getLogger(__name__)


def _signs_in(message: Message) -> bool:
    """Return whether the answer brings a sign-in, as `SignInCallback` let it through."""
    prefix = f"{USER_COOKIE_NAME}=".encode()
    given = [v for k, v in message["headers"] if k.lower() == b"set-cookie"]
    return any(v.startswith(prefix) and v[len(prefix) :].strip(b'"')[:1] != b";" for v in given)


class FreshCookie:
    """Make the session cookie anew where somebody arrives or leaves."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Wrap `app`, which is what answers about sign-ins."""
        self.app = app
        self.secure = settings.secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; complete the answers of a sign-in and a sign-out."""
        path = scope["path"] if scope["type"] == "http" else ""
        held = cookie_parser(Headers(scope=scope).get("cookie", "")) if path else {}
        old, device = held.get(SESSION_COOKIE[self.secure]), held.get(DEVICE_COOKIE[self.secure])
        if path not in {CALLBACK, LOGOUT} or not old:
            await self.app(scope, receive, send)
            return
        new = secrets.token_urlsafe(32)

        def moved() -> bool:
            with house().databases.data.begin() as connection:
                if path == CALLBACK:
                    return sessions.rekey(connection, old, new, device=device)
                sessions.leave(connection, old, clock.now())
                return True

        async def completed(message: Message) -> None:
            start = message["type"] == "http.response.start"
            if start and (path == LOGOUT or _signs_in(message)):
                message = await self._completed(message, new, moved)
            await send(message)

        await self.app(scope, receive, completed)

    async def _completed(self, message: Message, new: str, moved: Callable[[], bool]) -> Message:
        """Return the answer with the fresh cookie, if the session is found by it from here on."""
        try:
            if not await run_in_threadpool(moved):
                return message
        except SQLAlchemyError as error:
            _LOG.warning("The session cookie was not made anew: %s", type(error).__name__)
            return failed(message)
        fresh = cookie(SESSION_COOKIE[self.secure], new, secure=self.secure)
        MutableHeaders(scope=message).append("set-cookie", fresh)
        return message
