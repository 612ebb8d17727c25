"""Password hashes: Argon2id, and the same time spent for an account that does not exist."""

from __future__ import annotations

import unicodedata
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

HASHER = PasswordHasher()
_AT_ONCE = BoundedSemaphore(4)
"""Each hash takes 64 MiB: a crowd of sign-ins must queue, not fill the memory."""


def _folded(password: str) -> str:
    """Return one form of what may be typed as composed or decomposed 한글."""
    return unicodedata.normalize("NFKC", password)


def make(password: str) -> str:
    """Return the Argon2id hash, parameters and salt included."""
    with _AT_ONCE:
        return HASHER.hash(_folded(password))


@cache
def _nobody() -> str:
    return make("nobody has this password")


def matches(stored: str | None, password: str) -> bool:
    """Return whether the password is the stored one; without one, take as long and say no."""
    try:
        with _AT_ONCE:
            HASHER.verify(stored or _nobody(), _folded(password))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def outdated(stored: str) -> bool:
    """Return whether the hash was made with other parameters than today's."""
    return HASHER.check_needs_rehash(stored)
