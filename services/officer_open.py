"""How much is open on the officer's desk, matter by matter (clause 8, P28)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.clock import seoul_day
from db.words import N_
from services import demands, dispute_desk, findings, first_run, paper, safeguards, unreached
from services.actor import AccessDenied, Permission, page_opens

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from services.actor import Actor


@dataclass(frozen=True)
class Open:
    """Numbers of what waits for the officer, section by section; nobody's data."""

    findings: int
    demands: int
    safeguards: int
    unreached: int
    children: int

    @property
    def total(self) -> int:
        """Return how much is open in all."""
        return self.findings + self.demands + self.safeguards + self.unreached + self.children


def count(connection: Connection, actor: Actor) -> Open:
    """Return what is open; raise `AccessDenied` for anybody but an officer."""
    if not page_opens(Permission.OFFICER_DESK, actor):
        raise AccessDenied(N_("This page is not open to you."))
    return Open(
        findings.count(connection),
        len(demands.waiting(connection, actor)),
        safeguards.open_ones(connection, seoul_day(actor.at)),
        unreached.count(connection),
        len(dispute_desk.waiting(connection, actor)) + len(dispute_desk.alone(connection, actor)),
    )


def to_destroy(connection: Connection) -> int:
    """Return how much of the destruction waits for the officer: imports, and forms on paper."""
    return len(first_run.waiting(connection)) + paper.due(connection)
