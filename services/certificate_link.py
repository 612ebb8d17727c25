"""Links to a certificate's files: sealed, so that an address tells nothing, and short-lived."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from db.sealing import Sealer, SealError
from services.certificate import Certificate

if TYPE_CHECKING:
    from db.keyring import Keyring

LASTS: Final = timedelta(minutes=15)
_PLACE: Final = "certificate-link"


def _sealer(keyring: Keyring) -> Sealer:
    return Sealer(UUID(int=0), keyring.blind(_PLACE, _PLACE))


def seal(keyring: Keyring, given: Certificate, now: datetime) -> str:
    """Return what stands in a link for `given`; it opens for a quarter of an hour."""
    plain = json.dumps([given.number, given.secret, (now + LASTS).isoformat()])
    sealed = _sealer(keyring).seal(plain.encode(), _PLACE)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def open_again(keyring: Keyring, text: str, now: datetime) -> Certificate | None:
    """Return the certificate of a link, None for one that is too old or was never ours."""
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        number, secret, until = json.loads(_sealer(keyring).open(sealed, _PLACE))
    except (SealError, binascii.Error, ValueError):
        return None
    return Certificate(number, secret) if now < datetime.fromisoformat(until) else None
