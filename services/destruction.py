"""Destroys what is due: rows, then keys, then the vacuum that makes it so (P04, P13, P15).

Small transactions, each whole in itself; rows that another worker has in hand are skipped. Killed
at any point and run again, by several workers at once, it ends the same:

1. rows go batch by batch, and the destruction record counts them in the same transaction;
2. members who left and of whom nothing is kept go, with a note that their keys are due;
3. those keys go, in their own database;
4. the tables are vacuumed, and what is due is asked for again: the record holds the answer.

A run that was killed left its record open: the next run vacuums and asks for it as well.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from sqlalchemy import (
    insert,
    select,
    update,
)

from db.clock import seoul_day
from db.tables.keeping import destruction, destruction_run
from db.words import Noted
from services import destroying_keys, due, first_run, journal, verifying
from services.destroying_members import destroy_members
from services.destroying_rows import (
    Batch,
    destroy_rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection

    from db.engines import Databases
    from services.due import Due
    from services.journal_rows import Row

BATCH: Final = 5_000
MEMBERS: Final = 6_000
"""Members who left, destroyed together: nobody waits for their rows."""


@dataclass(frozen=True)
class Report:
    """What one run destroyed. `erased` is False when the vacuum is left to the next run."""

    rows: int = 0
    members: int = 0
    keys: int = 0
    erased: bool = True


@dataclass
class _Clock:
    """The run's instant, moving on: only the edge reads the clock."""

    now: datetime
    began: float

    def at(self) -> datetime:
        return self.now + timedelta(seconds=time.monotonic() - self.began)


def plan(connection: Connection, now: datetime) -> tuple[Due, ...]:
    """Return what a run would destroy, by store and kind; writes nothing."""
    return due.count(connection, now)


def run(
    databases: Databases, now: datetime, progress: Callable[[int, int], None] | None = None
) -> Report:
    """Destroy what is due; `progress` hears (rows done, rows due). As `portal_work`."""
    with databases.data.begin() as data:
        first_run.plan(data, now)
        found = due.anything(data, now)
        # Counted for who watches alone: it takes as long as a good part of the destruction.
        total = sum(one.rows for one in due.count(data, now)) if found and progress else 0
    clock = _Clock(now, time.monotonic())
    tell = progress or (lambda _done, _total: None)
    rows = members = 0
    run_id = _begin(databases, clock) if found else None
    if run_id:
        batch = Batch(run_id, now, BATCH)
        for done in destroy_rows(databases.data, batch):
            rows += done
            if done:
                tell(min(rows, total), total)
        for done, gone in destroy_members(databases.data, replace(batch, size=MEMBERS)):
            rows, members = rows + done, members + gone
            if done:
                tell(min(rows, total), total)
        _finish(databases, run_id, clock)
    keys, last = destroying_keys.begin(databases, now)
    erased = verifying.settle(databases, run_id, last, clock.at, now)
    if erased:
        keys += destroying_keys.forget(databases, last.ids)
    return Report(rows, members, keys, erased)


def _begin(databases: Databases, clock: _Clock) -> UUID:
    run_id = uuid4()
    with databases.data.begin() as data:
        values = {"run_id": run_id, "day": seoul_day(clock.now), "started_at": clock.now}
        data.execute(insert(destruction_run).values(values))
    return run_id


def _finish(databases: Databases, run_id: UUID, clock: _Clock) -> None:
    with databases.data.begin() as data:
        ended = update(destruction_run).where(destruction_run.c.run_id == run_id)
        data.execute(ended.values(finished_at=clock.at()))
        rows = record_of(data, run_id)
        journal.note(data, Noted.DESTROYED, None, clock.now, rows=rows)


def record_of(data: Connection, run_id: UUID) -> list[Row]:
    """Return the rows of a destruction record: the proof (P13), which must outlive the data."""
    return [
        (table, row)
        for table in (destruction_run, destruction)
        for row in data.execute(select(table).filter_by(run_id=run_id)).mappings()
    ]
