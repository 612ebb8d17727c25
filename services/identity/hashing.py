"""Password hashes: Argon2id, and the same time spent for an account that does not exist."""

from __future__ import annotations

import unicodedata
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from db.errors import PortalError
from db.words import N_

if TYPE_CHECKING:
    from collections.abc import Iterator

HASHER = PasswordHasher()
_AT_ONCE = BoundedSemaphore(4)
"""Each hash takes 64 MiB: a crowd of sign-ins must queue, not fill the memory."""
MOST_WAITING = 16
"""Sign-ins in the line, of the server's 28 threads: the others go on serving pages."""
_LINE, _TURN = BoundedSemaphore(MOST_WAITING), BoundedSemaphore(4)


class TooBusy(PortalError):  # noqa: N818 (named for what the person is told)
    """More people sign in at this moment than can be looked at."""


@contextmanager
def turn() -> Iterator[None]:
    """Wait in line for one's turn to have a password looked at, before holding a connection.

    Raise `TooBusy` at once when the line is full.
    """
    if not _LINE.acquire(blocking=False):
        raise TooBusy(
            N_("Very many people are signing in right now. Please try again in a minute.")
        )
    try:
        with _TURN:
            yield
    finally:
        _LINE.release()


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
    known = stored or _nobody()  # made outside, or four at once would wait for a fifth place
    try:
        with _AT_ONCE:
            HASHER.verify(known, _folded(password))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def outdated(stored: str) -> bool:
    """Return whether the hash was made with other parameters than today's."""
    return HASHER.check_needs_rehash(stored)
