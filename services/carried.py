"""A half-filled form on its way through a sign-in: sealed, so that the session row tells nothing.

It is sealed with the key of the person who is signed in, bound to their session: what comes back in
another session, or to another person, does not open.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Final

from db.sealing import SealError
from services import access

if TYPE_CHECKING:
    from services.actor import Actor

LARGEST: Final = 20_000
"""Characters of a form that is carried; a longer one has to be filled in again."""


def _place(actor: Actor) -> str:
    return f"carried:{actor.session_id}"


def seal(actor: Actor, values: dict[str, str]) -> str | None:
    """Return the values as text to be kept meanwhile, or None when that is not possible."""
    plain = json.dumps(values, ensure_ascii=False)
    sealer = access.own_sealer(actor)
    if sealer is None or not values or len(plain) > LARGEST:
        return None
    return base64.b64encode(sealer.seal(plain.encode(), _place(actor))).decode()


def open_again(actor: Actor, text: str) -> dict[str, str]:
    """Return the values that `seal` kept; none when they were another's or another session's."""
    sealer = access.own_sealer(actor)
    if sealer is None:
        return {}
    try:
        found: dict[str, str] = json.loads(sealer.open(base64.b64decode(text), _place(actor)))
    except (SealError, binascii.Error, ValueError):
        return {}
    return found
