"""How a member's own reports stand, for a page that asks for other things in the same query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Uuid, bindparam, select

from db.tables.reports import report
from db.words import ReportKind, ReportOutcome, ReportState
from services.gathering import ordered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

_MOST: Final = 20
_NEWEST: Final = (report.c.received_at.desc(), report.c.report_id)
OWN: Final = ordered(
    select(
        report.c.number, report.c.kind, report.c.state, report.c.outcome, report.c.received_at,
        report.c.due_on, report.c.ends_on,
    )
    .where(report.c.member_id == bindparam("reporter", type_=Uuid))
    .order_by(*_NEWEST)
    .limit(_MOST),
    *_NEWEST,
)  # fmt: skip
"""The newest of the `reporter`'s reports; none where that is None."""


@dataclass(frozen=True)
class Standing:
    """A report: until when it is answered (`due_on`), and the last day it is kept (`ends_on`)."""

    number: str
    kind: ReportKind
    state: ReportState
    outcome: ReportOutcome | None
    received_at: datetime
    due_on: date
    ends_on: date

    @property
    def open(self) -> bool:
        """Return whether it is not closed."""
        return self.state is not ReportState.CLOSED


def standing(row: Mapping[str, Any]) -> Standing:
    """Return how the report of a row of `OWN` stands."""
    return Standing(
        row["number"], ReportKind(row["kind"]), ReportState(row["state"]),
        ReportOutcome(row["outcome"]) if row["outcome"] else None,
        row["received_at"], row["due_on"], row["ends_on"],
    )  # fmt: skip
