"""What the officer's desk shows of destruction: overdue, waiting, held, to come, and done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from db.period import Period
from db.tables.keeping import destruction, destruction_run
from db.words import N_
from services import due, first_run, holds, paper
from services.actor import AccessDenied, Permission, page_opens

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Connection

    from services.actor import Actor
    from services.due import Ending, Overdue
    from services.first_run import Waiting

_AHEAD = Period(years=1)
_RUNS = 10


@dataclass(frozen=True)
class Done:
    """One line of the destruction record; `left_over` is what the check found, None before it."""

    at: datetime
    kind: str
    rows: int
    left_over: int | None


@dataclass(frozen=True)
class Head:
    """What stands above every section: is anything overdue, and how much waits for the officer."""

    overdue: tuple[Overdue, ...]
    waiting: tuple[Waiting, ...]
    forms: int
    holds: int

    @property
    def oldest(self) -> date | None:
        """Return the last day of the oldest row that is due and still here."""
        return min((one.oldest for one in self.overdue if one.oldest), default=None)


@dataclass(frozen=True)
class View:
    """What ends when, month by month up to `until`, and what was destroyed lately."""

    ending: tuple[Ending, ...]
    until: date
    done: tuple[Done, ...]


def head(connection: Connection, actor: Actor, today: date) -> Head:
    """Return what is open; raise `AccessDenied` for anybody but an officer."""
    if not page_opens(Permission.OFFICER_DESK, actor):
        raise AccessDenied(N_("This page is not open to you."))
    return Head(
        due.overdue(connection, today),
        first_run.waiting(connection),
        paper.due(connection),
        holds.count(connection, today),
    )


def view(connection: Connection, today: date) -> View:
    """Return what is to come within a year, and what was done."""
    until = _AHEAD.ends_on(today)
    return View(due.forecast(connection, today, until), until, _done(connection))


def _done(connection: Connection) -> tuple[Done, ...]:
    run = destruction_run.c
    rows = connection.execute(
        select(run.started_at, destruction.c.kind, func.sum(destruction.c.rows), run.left_over)
        .join(destruction_run, run.run_id == destruction.c.run_id)
        .group_by(run.run_id, run.started_at, destruction.c.kind, run.left_over)
        .order_by(run.started_at.desc(), destruction.c.kind)
        .limit(_RUNS)
    )
    return tuple(Done(at, kind, int(count), left) for at, kind, count, left in rows)
