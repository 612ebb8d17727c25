"""Links to a file that a member takes: sealed, for one session, good for a quarter of an hour."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from db.sealing import Sealer, SealError, digest

if TYPE_CHECKING:
    from db.keyring import Keyring

LASTS: Final = timedelta(minutes=15)
_PLACE: Final = "export-link"


@dataclass(frozen=True)
class Link:
    """Whose file, which, and in which session it was offered."""

    member_id: UUID
    export_id: UUID
    session_id: UUID


def _sealer(keyring: Keyring) -> Sealer:
    return Sealer(UUID(int=0), keyring.blind(_PLACE, _PLACE))


def seal(keyring: Keyring, link: Link, now: datetime) -> str:
    """Return what stands in an address for `link`: random to whoever reads it."""
    ids = [str(link.member_id), str(link.export_id), str(link.session_id)]
    sealed = _sealer(keyring).seal(json.dumps([*ids, (now + LASTS).isoformat()]).encode(), _PLACE)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def open_again(keyring: Keyring, text: str, now: datetime) -> Link | None:
    """Return what an address stands for; None for one that is too old or was never ours."""
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        *ids, until = json.loads(_sealer(keyring).open(sealed, _PLACE))
    except (SealError, binascii.Error, ValueError):
        return None
    return Link(*map(UUID, ids)) if now < datetime.fromisoformat(until) else None


def known_by(text: str) -> bytes:
    """Return the digest by which a link is known again."""
    return digest(text)
