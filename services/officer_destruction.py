"""What the officer's desk shows of destruction: overdue, waiting, held, to come, and done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from db.period import Period
from db.tables.keeping import destruction, destruction_run
from db.words import N_
from services import due, first_run
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
class View:
    """All that the page draws."""

    overdue: tuple[Overdue, ...]
    waiting: tuple[Waiting, ...]
    ending: tuple[Ending, ...]
    done: tuple[Done, ...]

    @property
    def oldest(self) -> date | None:
        """Return the last day of the oldest row that is due and still here."""
        return min((one.oldest for one in self.overdue if one.oldest), default=None)


def view(connection: Connection, actor: Actor, today: date) -> View:
    """Return what the desk shows; raise `AccessDenied` for anybody but an officer."""
    if not page_opens(Permission.OFFICER_DESK, actor):
        raise AccessDenied(N_("This page is not open to you."))
    return View(
        due.overdue(connection, today),
        first_run.waiting(connection),
        due.forecast(connection, today, _AHEAD.ends_on(today)),
        _done(connection),
    )


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
