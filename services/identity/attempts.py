"""A growing delay after five wrong passwords for what was typed, whether or not it is known."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, text

from db.clock import SEOUL
from db.errors import PortalError
from db.normal import identifiers
from db.tables.keys import attempt
from db.words import N_

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from db.keyring import Keyring

FREE = 5
"""Wrong attempts before the first delay."""
LONGEST = 900
"""Seconds. Long enough to stop guessing, short enough for the person whose account it is."""
_FORGOTTEN = timedelta(days=1)

# One statement decides and counts, so that a hundred guesses at once are a hundred guesses.
_COUNT = text(
    """
    insert into keys.attempt as a (digest, failures, last_at) values (:digest, 1, :now)
    on conflict (digest) do update
    set failures = case when a.last_at < :forgotten then 1 else a.failures + 1 end, last_at = :now
    where a.failures < :free or a.last_at + make_interval(secs => least(:longest,
        power(2, least(a.failures - :free, 20)))) <= :now
    returning failures
    """
)


class WaitFirst(PortalError):  # noqa: N818 (named for what the person must do)
    """Too many wrong attempts; `until` says when the next is looked at."""

    def __init__(self, until: datetime) -> None:
        """Keep the instant from which the next attempt counts."""
        shown = f"{until.astimezone(SEOUL) + timedelta(seconds=1):%H:%M:%S}"
        super().__init__(
            N_("Too many attempts in a row. Please try again after {time}."), time=shown
        )
        self.until = until


def digest(keyring: Keyring, what: str, typed: str) -> bytes:
    """Return the blind index under which attempts at `what` with this identifier are counted."""
    return keyring.blind(f"attempt:{what}", identifiers(typed)[0][1])


def wait_seconds(failures: int) -> int:
    """Return how long to wait after this many wrong attempts."""
    if failures < FREE:
        return 0
    return int(min(2 ** min(failures - FREE, 20), LONGEST))


def count(keys: Connection, key: bytes, now: datetime) -> None:
    """Count an attempt before it is looked at. Raise `WaitFirst` while the delay runs."""
    values = {
        "digest": key,
        "now": now,
        "forgotten": now - _FORGOTTEN,
        "free": FREE,
        "longest": LONGEST,
    }
    if keys.scalar(_COUNT, values) is not None:
        return
    row = keys.execute(select(attempt).where(attempt.c.digest == key)).one()
    raise WaitFirst(row.last_at + timedelta(seconds=wait_seconds(row.failures)))


def forget(keys: Connection, key: bytes) -> None:
    """Start counting anew, after a right password."""
    keys.execute(delete(attempt).where(attempt.c.digest == key))
