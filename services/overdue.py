"""What is past its day on any list of the desk, each with the page that closes it (P28)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from db.clock import seoul_day
from db.tables.cases import case
from db.words import N_
from services import report_desk, staff_register
from services.actor import AccessDenied, Permission, page_opens

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from services.actor import Actor


@dataclass(frozen=True)
class Overdue:
    """How many of each are past their day; `staff`: how many the desk is shut to."""

    requests: int
    cases: int
    reports: int
    staff: int

    @property
    def total(self) -> int:
        """Return how many in all."""
        return self.requests + self.cases + self.reports + self.staff


def count(connection: Connection, actor: Actor) -> Overdue:
    """Return the numbers; raise `AccessDenied` for anybody but an officer."""
    if not page_opens(Permission.OFFICER_DESK, actor):
        raise AccessDenied(N_("This page is not open to you."))
    today = seoul_day(actor.at)
    cases = select(func.count()).where(
        case.c.closed_at.is_(None), case.c.due_on < today, case.c.kind.in_(("call", "recovery"))
    )
    return Overdue(
        connection.scalar(select(func.ops.late_requests(today))) or 0,
        connection.scalar(cases) or 0,
        report_desk.count(connection, actor)[1],
        staff_register.wanting(connection, today),
    )
