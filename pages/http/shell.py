"""Middleware: the HTML page that Streamlit draws into, in the reader's language.

Screen readers go by `lang` before anything is drawn, and Streamlit always says English. Taken out:
a font that our theme doesn't use, and the invitation to an interface for programs that is off.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit
from starlette.datastructures import Headers, MutableHeaders

from db.words import N_
from pages.http.arrival import language_of
from services.language import translate

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from services.language import Language

INDEX: Final = Path(streamlit.__file__).parent / "static" / "index.html"
TITLE: Final = N_("Jikim — my personal data")
_NO_SCRIPT: Final = N_("Please allow JavaScript for this page: it can't be shown without.")
_VIEWPORT: Final = '<meta name="viewport" content="width=device-width, initial-scale=1">'
_OWN: Final = "content-security-policy"
_CONDITIONS: Final = (b"if-none-match", b"if-modified-since", b"range")


def _once(pattern: str, new: str, text: str) -> str:
    changed, count = re.subn(pattern, lambda _: new, text, count=1, flags=re.DOTALL)
    if count != 1:
        msg = f"Streamlit's page changed: {pattern} is not in {INDEX}"
        raise RuntimeError(msg)
    return changed


def page(language: Language) -> str:
    """Return the page. Raise `RuntimeError` when the installed Streamlit has another."""
    text = INDEX.read_text(encoding="utf-8")
    text = _once(r'<html lang="en">', f'<html lang="{language}">', text)
    text = _once(
        r"<title>.*?</title>", f"<title>{escape(translate(language, TITLE))}</title>", text
    )
    text = _once(
        r"<noscript>.*?</noscript>",
        f"<noscript><p>{escape(translate(language, _NO_SCRIPT))}</p></noscript>",
        text,
    )
    text = _once(r'<meta\s+name="viewport".*?/>', _VIEWPORT, text)
    text = _once(r'<link\s+rel="preload".*?/>', "", text)
    text = _once(r'<link rel="service-desc".*?/>', "", text)
    return re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)


class Shell:
    """Answer with our page wherever Streamlit answers with its own."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app
        self.pages = {"ko": page("ko").encode(), "en": page("en").encode()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; put our page in place of Streamlit's."""
        if scope["type"] != "http" or scope["path"].startswith(
            ("/static/", "/_stcore/", "/media/")
        ):
            await self.app(scope, receive, send)
            return
        body = self.pages[language_of(Headers(scope=scope))]
        ours = False

        async def replaced(message: Message) -> None:
            nonlocal ours
            if message["type"] == "http.response.start":
                ours = _is_shell(message)
                await send(_start(message, body) if ours else message)
            elif not ours:
                await send(message)
            elif not message.get("more_body"):
                sent = b"" if scope["method"] == "HEAD" else body
                await send({"type": "http.response.body", "body": sent})

        # Streamlit would answer "not modified" in whatever language it was before.
        asked = [h for h in scope["headers"] if h[0].lower() not in _CONDITIONS]
        await self.app({**scope, "headers": asked}, receive, replaced)


def _is_shell(message: Message) -> bool:
    headers = Headers(raw=message["headers"])
    html = headers.get("content-type", "").startswith("text/html")
    return message["status"] == 200 and html and _OWN not in headers  # noqa: PLR2004


def _start(message: Message, body: bytes) -> Message:
    dropped = {b"etag", b"last-modified", b"content-encoding", b"accept-ranges"}
    kept = [h for h in message["headers"] if h[0].lower() not in dropped]
    changed = {**message, "headers": kept}
    headers = MutableHeaders(scope=changed)
    headers["content-length"] = str(len(body))
    headers["cache-control"] = "no-store"
    headers.add_vary_header("Cookie")
    return {**changed, "headers": headers.raw}
