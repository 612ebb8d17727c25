"""How much is open on the officer's desk, matter by matter (clause 8, P28)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.clock import seoul_day
from db.policy import in_force
from db.words import N_
from services import (
    access_review,
    demands,
    dispute_list,
    findings,
    first_run,
    overdue,
    paper,
    safeguards,
    unguarded,
    unreached,
    watching,
)
from services.actor import AccessDenied, Permission, page_opens

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from services.actor import Actor


@dataclass(frozen=True)
class Open:
    """Numbers of what waits for the officer, section by section; nobody's data."""

    overdue: int
    unusual: int
    findings: int
    demands: int
    safeguards: int
    unreached: int
    gaps: int
    children: int

    @property
    def total(self) -> int:
        """Return how much is open in all; what a text does not state waits for its next version."""
        mine = self.findings + self.demands + self.safeguards + self.unreached + self.children
        return mine + self.overdue + self.unusual


def count(connection: Connection, actor: Actor) -> Open:
    """Return what is open; raise `AccessDenied` for anybody but an officer."""
    if not page_opens(Permission.OFFICER_DESK, actor):
        raise AccessDenied(N_("This page is not open to you."))
    today = seoul_day(actor.at)
    return Open(
        overdue.count(connection, actor).total,
        watching.count(connection) + access_review.due(connection, today),
        findings.count(connection),
        len(demands.waiting(connection, actor)),
        safeguards.open_ones(connection, today),
        unreached.count(connection),
        len(in_force(today).not_stated),
        len(dispute_list.waiting(connection, actor)) + unguarded.alone(connection, actor).count,
    )


def to_destroy(connection: Connection) -> int:
    """Return how much of the destruction waits for the officer: imports, and forms on paper."""
    return len(first_run.waiting(connection)) + paper.due(connection)
