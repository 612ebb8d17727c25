"""The daily run: what falls due by itself. May be killed and run again, by two workers at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from db import clock, seal_keys
from services import seal, seal_copy

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Engine

    from services.seal import Seal


@dataclass(frozen=True)
class Report:
    """What was done, or with `--dry-run` would be."""

    sealed: tuple[date, ...]


def due(data: Engine, now: datetime) -> Report:
    """Return what the run would do; writes nothing."""
    with data.connect() as connection:
        first = seal.unsealed_from(connection)
    today = clock.seoul_day(now)
    days = (today - first).days if first else 0
    return Report(tuple(first + timedelta(days=n) for n in range(days)) if first else ())


def run(data: Engine, var: Path, now: datetime, real: datetime) -> Report:
    """Seal every day that is over, each in a transaction of its own.

    A seal says what happened, so it never runs ahead of the clock: `real` is what that says, `now`
    what the demo may pretend. Raise `KeyringError` when the key that signs is missing or wrong.
    """
    signer = seal_keys.signer(var / "keys")
    made: list[Seal] = []
    while True:
        with data.begin() as connection:
            one = seal.next_day(connection, signer, min(now, real))
        if one is None:
            return Report(tuple(s.day for s in made))
        seal_copy.add(var / seal_copy.NAME, [one])
        made.append(one)
