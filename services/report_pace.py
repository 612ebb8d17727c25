"""How many reports are taken: from one browser, one network address, one member, and from all.

A flood must neither fill the desk nor slow anybody's page: once all have sent as many as the desk
can look at, the next is refused by a single look, before anything is counted, sealed or written.
Members have a pace of their own, so that no flood from outside shuts them out (P35).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from db.errors import PortalError
from db.tables.keys import attempt
from db.words import N_
from services.identity import attempts
from services.identity.attempts import Pace, WaitFirst

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from db.keyring import Keyring

BROWSER: Final = Pace(3, timedelta(minutes=20))
ADDRESS: Final = Pace(10, timedelta(minutes=10))
MEMBER: Final = Pace(10, timedelta(hours=1))
EVERYBODY: Final = Pace(60, timedelta(minutes=1))
"""Signed out, together: 60 at once, then one a minute."""


class TooMany(PortalError):  # noqa: N818 (named for what the person is told)
    """A report is not taken now; what was typed stays in the form."""


def count(
    keys: Connection, keyring: Keyring, browser: str, address: str | None, now: datetime
) -> None:
    """Count a report of somebody who is not signed in. Raise `TooMany`, with a way that is open."""
    everybody = keyring.blind("report:everybody", "all")
    paid = keys.scalar(select(attempt.c.last_at).where(attempt.c.digest == everybody))
    most = EVERYBODY.each * EVERYBODY.at_once
    # As `attempts.pace` has it: what lies further ahead is a clock's that has jumped back since.
    if paid is not None and now + most - EVERYBODY.each < paid <= now + most:
        raise _full()
    _pace(keys, keyring.blind("report:browser", browser), now, BROWSER)
    if address:
        one = attempts.address_digest(keyring, address)
        _pace(keys, keyring.blind("report:address", one.hex()) if one else None, now, ADDRESS)
    try:
        attempts.pace(keys, everybody, now, EVERYBODY)
    except WaitFirst:
        raise _full() from None


def count_member(keys: Connection, keyring: Keyring, member_id: UUID, now: datetime) -> None:
    """Count a report of a member. Raise `TooMany`."""
    _pace(keys, keyring.blind("report:member", str(member_id)), now, MEMBER)


def _pace(keys: Connection, key: bytes | None, now: datetime, allowed: Pace) -> None:
    try:
        attempts.pace(keys, key, now, allowed)
    except WaitFirst as wait:
        raise TooMany(
            N_("You have sent several just now. Please send the next after {time}, or call us."),
            time=wait.params["time"],
        ) from None


def _full() -> TooMany:
    return TooMany(
        N_("Very many reports are coming in right now, so this one was not taken. What you wrote "
           "is still here: please try again in a while, or call or write to the officer above.")
    )  # fmt: skip
