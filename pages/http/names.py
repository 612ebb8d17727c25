"""Names of our cookies: with the host prefix over TLS, plain on this computer itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.language import Language

SESSION_COOKIE = {True: "__Host-portal", False: "portal"}
"""The session cookie's name, by whether the portal is reached over TLS."""
DEVICE_COOKIE = {True: "__Host-portal-device", False: "portal-device"}
"""The name of the cookie by which a browser is known again, signed in or not."""
LANGUAGE_COOKIE = "portal_language"
"""The name of the language cookie as `pages/http/cookies.py` hands it in; browsers prefix it."""


def language_in(cookies: Mapping[str, str]) -> Language:
    """Return the language that a browser chose, Korean if none.

    Over TLS the cookie comes with the host prefix, which is taken off on the way in.
    """
    chosen = cookies.get(f"__Host-{LANGUAGE_COOKIE}") or cookies.get(LANGUAGE_COOKIE)
    return "en" if chosen == "en" else "ko"
