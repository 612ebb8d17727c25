"""Middleware: a sign-in that did not finish says so.

Streamlit leads home from its callback whether the sign-in worked or not, without a word. Here its
answer is looked at: without a fresh sign-in in it, the browser is led to a home page that says what
to do. Coming back from signing out, which asks for nothing, stays silent.

Two things that neither Streamlit nor its library insists on are checked before a token counts: that
it is signed at all, and that it was issued for us (`services.claims.meant_for`).
"""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode

from joserfc.errors import JoseError
from starlette.responses import RedirectResponse
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.starlette import starlette_auth_routes
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import (
    TOKENS_COOKIE_NAME,
    USER_COOKIE_NAME,
)

from services.claims import meant_for
from services.sign_in_settings import expected, provider_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from db.settings import Settings

LOGIN: Final = "/auth/login"
CALLBACK: Final = "/oauth2callback"
FAILED: Final = "/?sign_in=failed"
_ERROR = re.compile(r"[a-z_]{1,40}")
_REDIRECTS = range(300, 400)


def asked(query: bytes) -> list[tuple[str, str]]:
    """Return what of an answer's parameters is passed on.

    What a provider says about an error may name a person, and Streamlit would write it to the log.
    """
    given = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    if not _ERROR.fullmatch(given.get("error", "")):
        given |= {"error": "unreadable"} if "error" in given else {}
    return [(name, given[name]) for name in ("code", "state", "error") if name in given]


class _NoWords(logging.Filter):
    """Logs which error it was, and its words only where no provider chose them."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            words = f": {error}" if isinstance(error, JoseError) else ""
            record.msg, record.args = f"{record.getMessage()} {type(error).__name__}{words}", ()
            record.exc_info = record.exc_text = None
        return True


def _cookies(message: Message) -> dict[str, str]:
    pairs = (
        value.decode("latin-1").partition(";")[0].partition("=")
        for name, value in message["headers"]
        if name.lower() == b"set-cookie"
    )
    return {name: value.strip('"') for name, _, value in pairs}


_NO_WORDS = _NoWords()  # adding the same one twice adds it once


class SignInCallback:
    """Lead to a page that says what to do, wherever Streamlit gives up a sign-in."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Wrap `app`."""
        self.app = app
        self.secret: str = provider_settings(settings)["cookie_secret"]
        self.expected = expected(settings)
        logging.getLogger(starlette_auth_routes.__name__).addFilter(_NO_WORDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; look at the answer of the two addresses of a sign-in."""
        path = scope["path"] if scope["type"] == "http" else ""
        if path == LOGIN:
            await self.app(scope, receive, _Answer(send, self._leads_on))
        elif path == CALLBACK and (answer := asked(scope["query_string"])):
            passed = {**scope, "query_string": urlencode(answer).encode()}
            await self.app(passed, receive, _Answer(send, self._signs_in))
        else:
            await self.app(scope, receive, send)

    @staticmethod
    def _leads_on(message: Message) -> bool:
        """Return whether the browser is led to a provider: one that is away leads nowhere."""
        target = dict(message["headers"]).get(b"location", b"/")
        return message["status"] in _REDIRECTS and target != b"/"

    def _signs_in(self, message: Message) -> bool:
        """Return whether the answer holds a fresh sign-in, by a token that was meant for us."""
        cookies = _cookies(message)

        def read(name: str) -> bytes | None:
            return decode_signed_value(self.secret, name, cookies.get(name, ""))

        user = get_cookie_with_chunks(read, USER_COOKIE_NAME)
        tokens = get_cookie_with_chunks(read, TOKENS_COOKIE_NAME)
        if not (user and tokens):
            return False
        wanted = self.expected.get(json.loads(user).get("provider"))
        return wanted is not None and meant_for(json.loads(tokens).get("id_token"), wanted)


class _Answer:
    """Sends an answer on, or in its place the way to the page that says what to do."""

    def __init__(self, send: Send, good: Callable[[Message], bool]) -> None:
        self.send = send
        self.good = good
        self.replaced = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and not self.good(message):
            self.replaced = True
            await self.send(failed(message))
        elif not self.replaced:
            await self.send(message)
        elif not message.get("more_body"):
            await self.send({"type": "http.response.body", "body": b""})


def failed(message: Message) -> Message:
    """Return the start of a redirect; a sign-in that does not count is taken from the browser."""
    answer = RedirectResponse(FAILED, status_code=303, headers={"Cache-Control": "no-store"})
    cookies = [(k, v) for k, v in message["headers"] if k.lower() == b"set-cookie"]
    kept = [c for c in cookies if not c[1].startswith(USER_COOKIE_NAME.encode())]
    if len(kept) < len(cookies):
        for name in (USER_COOKIE_NAME, TOKENS_COOKIE_NAME):
            answer.delete_cookie(name, httponly=True, samesite="lax")
    return {**message, "status": answer.status_code, "headers": [*kept, *answer.raw_headers]}
