"""Checks the seals themselves: signatures, the chain, days without one, and copies kept outside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from sqlalchemy import select

from db.clock import seoul_day
from db.tables.ledger import seal as seals
from db.words import N_
from services import seal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection

    from db.seal_keys import Verifier
    from services.seal import Seal


class What(StrEnum):
    """What is wrong, as a sentence about `{events}` and the seal of `{day}`."""

    CHANGED = N_("Changed after it was sealed on {day}: event {events}.")
    MISSING = N_("Gone although it was sealed on {day}: event {events}.")
    ADDED = N_("Added to days that were sealed already: event {events}.")
    LIST = N_("The list of the seal of {day} was changed: events {events}.")
    ROOT = N_("The lists of the seal of {day} are not the ones that were sealed.")
    SIGNATURE = N_("The seal of {day} was changed: its signature does not fit the key {key}.")
    CHAIN = N_("The seal of {day} does not follow the seal before it.")
    NO_SEAL = N_("The seal of {day} is gone.")
    OTHER_SEAL = N_("The seal of {day} is not the one in the copy.")
    OVERDUE = N_("Since {day} no day was sealed.")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong; `events` are event ids."""

    what: What
    day: date | None = None
    events: tuple[int, ...] = ()
    key: str = ""

    def __str__(self) -> str:
        """Return the English sentence."""
        named = ", ".join(map(str, self.events))
        return self.what.format(day=self.day, events=named, key=self.key)


def chain(found: Sequence[Seal], verifier: Verifier) -> Iterator[Finding]:
    """Give what is wrong with the seals themselves, given by day."""
    for one in found:
        if one.key_id != verifier.key_id or not verifier.signed(one.statement, one.signature):
            yield Finding(What.SIGNATURE, one.day, key=verifier.key_id)
    if found and found[0].previous != seal.NOTHING_BEFORE:
        yield Finding(What.CHAIN, found[0].day)
    for before, one in pairwise(found):
        yield from _gap(before.day, one.day)
        if one.previous != before.digest:
            yield Finding(What.CHAIN, one.day)


def _gap(before: date, day: date) -> Iterator[Finding]:
    for n in range(1, (day - before).days):
        yield Finding(What.NO_SEAL, before + timedelta(days=n))


def against(found: Sequence[Seal], copy: Iterable[Seal]) -> Iterator[Finding]:
    """Give the seals of an outside copy that are gone or others by now."""
    known = {one.day: one for one in found}
    for theirs in copy:
        ours = known.get(theirs.day)
        if ours is None:
            yield Finding(What.NO_SEAL, theirs.day)
        elif (ours.digest, ours.signature) != (theirs.digest, theirs.signature):
            yield Finding(What.OTHER_SEAL, theirs.day)


def overdue(found: Sequence[Seal], now: datetime) -> Iterator[Finding]:
    """Give the last sealed day when a whole day passed without the seal that was due."""
    if found and found[-1].day < seoul_day(now) - timedelta(days=2):
        yield Finding(What.OVERDUE, found[-1].day)


def read(connection: Connection) -> tuple[Seal, ...]:
    """Return all seals by day."""
    rows = connection.execute(select(seals).order_by(seals.c.day)).mappings()
    return tuple(map(seal.from_row, rows))
