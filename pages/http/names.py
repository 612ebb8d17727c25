"""Names of our cookies: with the host prefix over TLS, plain on this computer itself."""

from __future__ import annotations

SESSION_COOKIE = {True: "__Host-portal", False: "portal"}
"""The session cookie's name, by whether the portal is reached over TLS."""
DEVICE_COOKIE = {True: "__Host-portal-device", False: "portal-device"}
"""The name of the cookie by which a browser is known again, signed in or not."""
