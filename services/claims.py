"""What an identity provider's claims prove: they count once, for the session that asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.sessions import Session

SKEW = timedelta(seconds=60)
"""How far a provider's clock may be from ours."""
ANSWER_LASTS = timedelta(minutes=5)
"""How old an answer may be when the browser brings it: coming back takes seconds, not days."""

Claims = Mapping[str, object]


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
