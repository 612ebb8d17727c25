"""Asks the verification provider, at the start, whether it says when somebody signed in.

Without `auth_time` in its tokens no verification could ever count (OpenID Connect Core, 2; P30):
better to stop at the start than to leave members without a way to their own data.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import httpx2

from db.errors import PortalError
from db.words import N_

if TYPE_CHECKING:
    from db.settings import Settings

_log = logging.getLogger("portal")
_PATIENCE = 5.0
CLAIM = "auth_time"


class ProviderError(PortalError):
    """The verification provider can't do what verification needs."""


def setting_and_url(settings: Settings) -> tuple[str, str] | None:
    """Return the setting that names the verification provider, and its address; None: built-in."""
    if settings.verify_metadata_url:
        return "PORTAL_VERIFY_METADATA_URL", settings.verify_metadata_url
    if settings.member_metadata_url:
        return "PORTAL_MEMBER_METADATA_URL", settings.member_metadata_url
    return None


def _document(url: str) -> dict[str, Any] | None:
    """Return the discovery document; None when it can't be had now."""
    try:
        answer = httpx2.get(url, timeout=_PATIENCE)
        answer.raise_for_status()
        found = answer.json()
    except (httpx2.HTTPError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def check(settings: Settings) -> None:
    """Raise `ProviderError` when the provider says which claims it gives, and not this one.

    One that says nothing of its claims, or doesn't answer now, may still do: each token is looked
    at when it comes, and one without `auth_time` is refused (`services.claims`).
    """
    named = setting_and_url(settings)
    if named is None:
        return
    document = _document(named[1])
    if document is None:
        _log.warning("The verification provider of %s does not answer yet.", named[0])
        return
    claims = document.get("claims_supported")
    if isinstance(claims, list) and CLAIM not in claims:
        raise ProviderError(
            N_(
                "The sign-in service of {setting} doesn't say when a person signed in ({claim}). "
                "Name one that does in PORTAL_VERIFY_METADATA_URL."
            ),
            setting=named[0],
            claim=CLAIM,
        )
