"""Middleware: what a browser may do with our pages.

The policy lets a page run Streamlit's own files and one inline script, known by its hash, and talk
to the portal alone. A screen that brings a stricter policy of its own keeps it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders

from pages.http import shell

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from db.settings import Settings

_YEAR = 365 * 24 * 3600
_DENIED = (
    "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer",
    "microphone", "midi", "payment", "publickey-credentials-get", "usb",
)  # fmt: skip


def script_hashes(html: str) -> list[str]:
    """Return a policy source for each inline script of a page."""
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


def policy(settings: Settings) -> str:
    """Return the content security policy of pages that Streamlit draws."""
    address = urlsplit(settings.address)
    socket = f"{'wss' if settings.secure else 'ws'}://{address.netloc}"
    parts = {
        "default-src": "'none'",
        # WebAssembly: Streamlit's front end loads some on every page, and no script gains by it.
        "script-src": " ".join(["'self'", "'wasm-unsafe-eval'", *script_hashes(shell.page("ko"))]),
        # Streamlit writes its style sheets into the page as it draws.
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": f"'self' {socket}",
        "worker-src": "'self' blob:",
        "frame-src": "'self'",
        "base-uri": "'none'",
        "object-src": "'none'",
        "frame-ancestors": "'none'",
        "form-action": "'self'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in parts.items())


def headers_for(settings: Settings) -> dict[str, str]:
    """Return the headers of every answer that does not bring its own."""
    found = {
        "Content-Security-Policy": policy(settings),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": ", ".join(f"{name}=()" for name in _DENIED),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Robots-Tag": "noindex",
    }
    if settings.secure:
        found["Strict-Transport-Security"] = f"max-age={_YEAR}"
    return found


class SecurityHeaders:
    """Add the headers to every answer that lacks them."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Wrap `app`."""
        self.app = app
        self.headers = headers_for(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, completed)
