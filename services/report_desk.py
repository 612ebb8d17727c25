"""Reports on the desk: those due first, each answered, asked back or closed with an outcome (P35).

Whoever is in office handles them; an incident is the officer's. Each look at a member's report and
each step stands in the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from sqlalchemy import LargeBinary, bindparam, func, select

from db import places
from db.clock import seoul_day
from db.errors import PortalError
from db.tables.cases import case
from db.tables.ops import staff
from db.tables.reports import report, report_line
from db.words import N_, Noted, ReportBy, ReportState
from services import jobs, journal, ledger, notify, report_papers, reports
from services.actor import AccessDenied, Permission, page_opens
from services.ledger import EventName
from services.outbox import Message
from services.relations import OWN, helps

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

    from db.words import ReportOutcome
    from services.actor import Actor
    from services.reports import Report

PAGE_ROWS: Final = 20
PAGE: Final = "/desk-reports"


class ReportGone(PortalError):  # noqa: N818 (said to the staff)
    """Somebody closed it in the meantime."""


@dataclass(frozen=True)
class CaseOf:
    """The case that an incident is about; a request's has no number."""

    no: str | None
    staff_no: str
    staff_id: UUID


def count(connection: Connection, actor: Actor) -> tuple[int, int]:
    """Return how many are open, and how many of those are past their day: one query."""
    function = func.ops.count_reports(actor.person, seoul_day(actor.at))
    row = connection.execute(select(function.table_valued("open", "late"))).one()
    return row.open, row.late


def page(
    connection: Connection, actor: Actor, after: tuple[date, UUID] | None = None
) -> tuple[Report, ...]:
    """Return the next open reports after a place in the list, those due first: one query.

    One more than a page holds says that there are more.
    """
    _staff(actor)
    due, last = after or (None, None)
    rows = func.ops.open_reports(actor.person, due, last, PAGE_ROWS + 1)
    found = connection.execute(select(rows.table_valued(*reports.COLUMNS))).mappings()
    return tuple(reports.of_row(row) for row in found)


def one(connection: Connection, actor: Actor, report_id: UUID) -> Report:
    """Return a report with its thread; the look stands in the ledger. Raise `ReportGone`."""
    _staff(actor)
    function = func.ops.report_of(actor.person, report_id).table_valued(*reports.COLUMNS)
    row = connection.execute(select(function)).mappings().one_or_none()
    if row is None:
        raise ReportGone(N_("This report is not open to you."))
    found = reports.of_row(row)
    _note(connection, actor, EventName.REPORT_VIEWED, found)
    return reports.whole(connection, found, staff=actor.person)


def case_of(connection: Connection, found: Report) -> CaseOf | None:
    """Return which case an incident is about, and in whose hand it is."""
    row = connection.execute(
        select(case.c.case_no, staff.c.staff_no, staff.c.staff_id)
        .join(staff, staff.c.staff_id == case.c.staff_id)
        .where(case.c.case_id == found.case_id)
    ).one_or_none()
    return CaseOf(*row) if row is not None else None


def ask_back(connection: Connection, actor: Actor, found: Report, typed: str) -> None:
    """Ask the reporter something; the day of the answer stays. Raise `ReportGone`."""
    _answer(connection, actor, found, typed, ReportState.ASKED, None)


def answer(connection: Connection, actor: Actor, found: Report, typed: str) -> None:
    """Answer and leave it open, when more is to follow. Raise `ReportGone`."""
    _answer(connection, actor, found, typed, ReportState.OPEN, None)


def close(
    connection: Connection, actor: Actor, found: Report, typed: str, outcome: ReportOutcome
) -> None:
    """Answer and close, with what came of it. Raise `ReportGone`."""
    whom = found.about_id or found.member_id
    if found.case_id and whom:
        acted = func.ops.acted_in(actor.person, found.case_id, whom)
        if connection.scalar(select(acted)):
            raise ReportGone(N_("It is about a case of yours: another officer closes it."))
        if not helps(connection, actor, whom):
            raise ReportGone(OWN)
    _answer(connection, actor, found, typed, ReportState.CLOSED, outcome)


def _answer(
    connection: Connection, actor: Actor, found: Report, typed: str, state: ReportState,
    outcome: ReportOutcome | None,
) -> None:  # fmt: skip
    _staff(actor)
    words, key, line_id = reports.worded(typed), report_papers.sealer(found.report_id), uuid4()
    if key is None:
        raise ReportGone(N_("This report can't be opened any more."))
    sealed = key.seal(words.encode(), places.report_line(line_id))
    answered = func.ops.answer_report(
        actor.person,
        found.report_id,
        line_id,
        actor.at,
        bindparam("said", sealed, type_=LargeBinary),
        state.value,
        outcome.value if outcome else None,
    )
    if not connection.scalar(select(answered)):
        raise ReportGone(N_("Somebody has closed this already."))
    if outcome and found.case_id:
        settled = func.ops.settle_incident(actor.person, found.report_id, actor.at)
        connection.execute(select(settled))
    ended = {"closed_at": actor.at, "closed_by": actor.person, "outcome": outcome}
    turned = {"report_id": found.report_id, "state": state, **(ended if outcome else {})}
    line = {"report_id": found.report_id, "line_id": line_id, "at": actor.at, "by": ReportBy.STAFF,
            "staff_id": actor.person, "sealed": sealed}  # fmt: skip
    rows: list[Any] = [(report, turned), (report_line, line)]
    journal.note(connection, Noted.REPORTED, None, actor.at, rows=rows)
    name = EventName.REPORT_CLOSED if outcome else EventName.REPORT_ANSWERED
    _note(connection, actor, name, found)
    _tell(connection, actor, found, line_id)


def _tell(connection: Connection, actor: Actor, found: Report, line_id: UUID) -> None:
    """Tell whoever reported that there is an answer; what it says stays on the page."""
    if found.member_id is None:
        if found.sealed is not None:
            jobs.defer(connection, jobs.REPORT_ANSWERED, report_id=str(found.report_id),
                       language=found.language)  # fmt: skip
        return
    message = Message("report_answered", "either", found.language, key=f"report:{line_id}")
    notify.from_desk(connection, found.member_id, message, actor.at)


def _note(connection: Connection, actor: Actor, name: EventName, found: Report) -> None:
    entry = ledger.Entry(name, found.about_id or found.member_id, page=PAGE, reason=found.kind)
    ledger.write(connection, actor, entry)


def _staff(actor: Actor) -> None:
    if not page_opens(Permission.REPORT_HANDLE, actor):
        raise AccessDenied(N_("This page is not open to you."))
