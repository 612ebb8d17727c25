"""Sealing of personal values: AES-256-GCM under the member's key, bound to member and place.

The place (for example `profile:email:0`) is associated data: a sealed value moved to another
member, item or record no longer opens. A blind index is HMAC-SHA-256 under a key of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import unicodedata
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from uuid import UUID

KEY_BYTES = 32
_NONCE = 12


class SealError(Exception):
    """A sealed value does not open: wrong key, wrong place, or changed bytes."""


def new_key() -> bytes:
    """Return 32 random bytes."""
    return AESGCM.generate_key(bit_length=256)


def _seal(key: AESGCM, plain: bytes, place: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + key.encrypt(nonce, plain, place)


def _open(key: AESGCM, sealed: bytes, place: bytes) -> bytes:
    try:
        return key.decrypt(sealed[:_NONCE], sealed[_NONCE:], place)
    except (InvalidTag, ValueError):
        # From None: the low-level error must not carry bytes into a log.
        raise SealError from None


class Sealer:
    """Seals and opens the values of one member."""

    def __init__(self, member_id: UUID, key: bytes) -> None:
        """Take the member's unwrapped data key (32 bytes)."""
        self._member = member_id.bytes
        self._key = AESGCM(key)

    def _place(self, place: str) -> bytes:
        return self._member + place.encode()

    def seal(self, plain: bytes, place: str) -> bytes:
        """Return nonce (12 bytes) and ciphertext with tag."""
        return _seal(self._key, plain, self._place(place))

    def open(self, sealed: bytes, place: str) -> bytes:
        """Return the plain bytes. Raise `SealError` when they do not open here."""
        return _open(self._key, sealed, self._place(place))


def wrap(store_key: bytes, member_id: UUID, key: bytes) -> bytes:
    """Return the member's data key, sealed by the key of its store."""
    return _seal(AESGCM(store_key), key, member_id.bytes)


def unwrap(store_key: bytes, member_id: UUID, wrapped: bytes) -> bytes:
    """Return the member's data key. Raise `SealError` when the store's key is another."""
    return _open(AESGCM(store_key), wrapped, member_id.bytes)


def blind(index_key: bytes, kind: str, value: str) -> bytes:
    """Return the 32-byte digest by which an exact value of `kind` is found.

    Values are compared without case, width or surrounding space (NFKC, casefold).
    """
    folded = unicodedata.normalize("NFKC", value).strip().casefold()
    return hmac.digest(index_key, f"{kind}\0{folded}".encode(), "sha256")


def digest(secret: str) -> bytes:
    """Return SHA-256 of a random secret (a cookie, a code), so that the database never holds it."""
    return hashlib.sha256(secret.encode()).digest()
