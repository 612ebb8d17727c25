"""What an identity provider's claims prove: they count once, for the session that asked."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.sessions import Session

SKEW = timedelta(seconds=60)
"""How far a provider's clock may be from ours."""
ANSWER_LASTS = timedelta(minutes=5)
"""How old an answer may be when the browser brings it: coming back takes seconds, not days."""

Claims = Mapping[str, object]
VERIFY, VERIFY_STAFF = "verify", "staff-verify"
VERIFYING = frozenset({VERIFY, VERIFY_STAFF})
"""Providers that confirm who is signed in already: members and staff have one each."""
OF_STAFF = frozenset({"staff", VERIFY_STAFF})


@dataclass(frozen=True)
class Expected:
    """What a provider's tokens must say: for which client they are, and not to be of `never`."""

    client_id: str
    never: str | None
    """The built-in service's issuer, for another provider: its subjects are members' own ids."""


def _part(token: str, which: int) -> Claims:
    part = token.split(".")[which]
    found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found if isinstance(found, dict) else {}


def meant_for(token: object, expected: Expected) -> bool:
    """Return whether a token, whose signature was checked, is signed at all and issued for us.

    The library takes an unsigned one from a provider that allows for it, any audience beside an
    `azp` that names us, and any issuer that the provider's own description names.
    """
    if not isinstance(token, str):
        return False
    try:
        header, claims = _part(token, 0), _part(token, 1)
    except (ValueError, IndexError):
        return False
    audience = claims.get("aud")
    ours = expected.client_id in (audience if isinstance(audience, list) else [audience])
    signed = str(header.get("alg", "none")).lower() != "none"
    return ours and signed and (expected.never is None or claims.get("iss") != expected.never)


def _instant(claims: Claims, name: str) -> datetime | None:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def answers(session: Session, claims: Claims, now: datetime) -> bool:
    """Return whether these claims answer what this session asked for.

    They must be issued after it asked, and just now: a browser that was closed on the way back
    and opened days later has to ask again.
    """
    issued = _instant(claims, "iat")
    if claims.get("is_logged_in") is not True or session.asked_at is None or issued is None:
        return False
    if session.asked_provider is None or claims.get("provider") != session.asked_provider:
        return False
    return max(session.asked_at, now - ANSWER_LASTS) - SKEW <= issued <= now + SKEW


def verified_at(claims: Claims, now: datetime) -> datetime | None:
    """Return when the person last proved who they are; a provider's fast clock gains nothing."""
    proved = _instant(claims, "auth_time")
    return min(proved, now) if proved else None
