"""What slows guessing: a growing delay after five wrong passwords, and a pace for each address.

The delay is for what was typed, whether or not it is known. The pace is for the network address
that asks: it stops whoever tries one password on many accounts. Both are kept under blind indexes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, text, update

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
AT_ONCE = 30
"""Wrong attempts that one address may make at once: a school or an office shares one."""
EACH = timedelta(seconds=2)
"""What each further one costs, so that an address gets 30 a minute and no more."""


@dataclass(frozen=True)
class Pace:
    """How many attempts may be made at once, and what each further one costs."""

    at_once: int
    each: timedelta


ADDRESS = Pace(AT_ONCE, EACH)

# One statement decides and counts, so that a hundred guesses at once are a hundred guesses.
_COUNT = text(
    """
    insert into keys.attempt as a (digest, failures, last_at) values (:digest, 1, :now)
    on conflict (digest) do update
    set failures = case when a.last_at < :forgotten then 1 else a.failures + 1 end, last_at = :now
    where a.failures < :free or a.last_at + make_interval(secs => least(:longest,
        power(2, least(a.failures - :free, 20)))) <= :now
        or a.last_at > :now + interval '1 minute'  -- by a clock that has jumped back since
    returning failures
    """
)
# For an address, `last_at` is when all its attempts are paid for. Further ahead than they can cost,
# it was written by a clock that has jumped back since: then it starts anew.
_PACE = text(
    """
    insert into keys.attempt as a (digest, failures, last_at)
    values (:digest, 0, cast(:now as timestamptz) + :each)
    on conflict (digest) do update
    set last_at = case when a.last_at > :now + :most then :now else greatest(a.last_at, :now) end
        + cast(:each as interval)
    where a.last_at <= :now + :most - cast(:each as interval) or a.last_at > :now + :most
    returning last_at
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


def address_digest(keyring: Keyring, address: str) -> bytes | None:
    """Return the blind index of a browser's network address; None when there is none.

    A household has a whole IPv6 network of 64 bits to itself, so that is one address here.
    """
    try:
        known = ip_address(address)
    except ValueError:
        return None
    known = getattr(known, "ipv4_mapped", None) or known
    one = ip_network((known, 64), strict=False) if isinstance(known, IPv6Address) else known
    return keyring.blind("attempt:address", str(one))


def pace(keys: Connection, key: bytes | None, now: datetime, allowed: Pace | None = None) -> None:
    """Count an attempt, of an address or whatever `key` is, before it is looked at.

    Raise `WaitFirst` beyond its pace, which is an address's where no other is given.
    """
    if key is None:
        return
    allowed = allowed or ADDRESS
    most = allowed.each * allowed.at_once
    values = {"digest": key, "now": now, "each": allowed.each, "most": most}
    if keys.scalar(_PACE, values) is not None:
        return
    paid = keys.scalar(select(attempt.c.last_at).where(attempt.c.digest == key))
    raise WaitFirst((paid or now) - (most - allowed.each))


def forget(keys: Connection, key: bytes, address: bytes | None, now: datetime) -> None:
    """Start counting anew after a right password, which costs its address nothing.

    What nobody added to for a day goes too.
    """
    keys.execute(
        delete(attempt).where((attempt.c.digest == key) | (attempt.c.last_at < now - _FORGOTTEN))
    )
    keys.execute(
        update(attempt).where(attempt.c.digest == address).values(last_at=attempt.c.last_at - EACH)
    )
