"""The daily run: what falls due by itself. May be killed and run again, by two workers at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from db import clock, seal_keys
from services import (
    birthdays,
    case_lives,
    contract_ends,
    disclosure_check,
    fourteen,
    inbox,
    linking_search,
    reconfirming,
    seal,
    seal_copy,
    sessions,
    staff_register,
    usage_notice,
    waiting_values,
    watching,
)

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Engine

    from services.seal import Seal


@dataclass(frozen=True)
class Report:
    """What was done, or with `--dry-run` would be."""

    sealed: tuple[date, ...]
    birthdays: int = 0


def due(data: Engine, now: datetime) -> Report:
    """Return what the run would do; writes nothing."""
    with data.connect() as connection:
        first = seal.unsealed_from(connection)
        today = clock.seoul_day(now)
        past = birthdays.due(connection, today)
    days = (today - first).days if first else 0
    return Report(tuple(first + timedelta(days=n) for n in range(days)) if first else (), past)


def run(data: Engine, var: Path, now: datetime, real: datetime) -> Report:
    """Do what a day brings; seal every day that is over, each in its own transaction.

    A seal says what happened, so it never runs ahead of the clock: `real` is what that says, `now`
    what the demo may pretend. Raise `KeyringError` when the key that signs is missing or wrong.
    """
    _tell(data, now)
    with data.begin() as connection:
        past = birthdays.clear(connection, clock.seoul_day(now))
        birthdays.end_unanswered(connection, clock.seoul_day(now), now)
        birthdays.end_disputes(connection, clock.seoul_day(now), now)
        disclosure_check.run(connection, now)
        waiting_values.expire(connection, now)
        case_lives.turned_14(connection, now)
        case_lives.guardians_gone(connection, now)
        case_lives.expire(connection, now)
        linking_search.forget(connection, now)
        # No pretended day ends the session of somebody who is here.
        sessions.forget(connection, min(now, real))
        staff_register.destroy_old(connection, min(now, real))
        watching.run(connection, min(now, real))
    signer = seal_keys.signer(var / "keys")
    made: list[Seal] = []
    while True:
        with data.begin() as connection:
            one = seal.next_day(connection, signer, min(now, real))
        if one is None:
            return Report(tuple(s.day for s in made), past)
        seal_copy.add(var / seal_copy.NAME, [one])
        made.append(one)


def _tell(data: Engine, now: datetime) -> None:
    """Tell members and companies what a day brings; drop messages whose year is over."""
    with data.begin() as connection:
        inbox.end(connection, clock.seoul_day(now))
        contract_ends.tell(connection, now)
        usage_notice.tell(connection, now)
        reconfirming.run(connection, now)
        fourteen.run(connection, now)
