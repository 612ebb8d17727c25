"""Names of our cookies: with the host prefix over TLS, plain on this computer itself."""

from __future__ import annotations

SESSION_COOKIE = {True: "__Host-portal", False: "portal"}
"""The session cookie's name, by whether the portal is reached over TLS."""
