"""“That wasn't me”: a member, or a child's guardian, stops a case of the staff at once (P31, P35).

What the case gave is void from here on, also in a running session of the staff. The officer gets an
incident with a deadline; the member follows it on `/contact`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from db.errors import PortalError
from db.law import law
from db.tables.cases import case
from db.words import N_, Noted, Purpose, ReportKind
from services import journal, ledger, reports
from services.access import Look
from services.actor import AccessDenied, Permission, Relation
from services.ledger import EventName
from services.reports import Wish

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from services.subject import Subject

PAGE: Final = "/history"
LOOK: Final = Look(EventName.HISTORY_VIEWED, Permission.HISTORY_READ, PAGE)


class CaseGone(PortalError):  # noqa: N818 (said to the member)
    """There is no such case of theirs."""


@dataclass(frozen=True)
class Stopped:
    """What was stopped. `number` of the report, None when there is one already; `due_on`."""

    case_no: str | None
    number: str | None
    due_on: date


def stop(subject: Subject, case_id: UUID, words: str) -> Stopped:
    """Suspend the case and report it to the officer; `words` is the report's first line.

    Raise `CaseGone` for a case that is not the subject's, `AccessDenied` for staff.
    """
    if subject.relation is Relation.STAFF:
        raise AccessDenied(N_("This page is not open to you."))
    found = func.ops.suspend_case(case_id, subject.at).table_valued("case_no", "suspended_at")
    row = subject.connection.execute(select(found)).one_or_none()
    if row is None:
        raise CaseGone(N_("There is no such case of yours."))
    member_id = subject.member_id
    kept = {"case_id": case_id, "suspended_at": row.suspended_at}
    journal.note(subject.connection, Noted.REQUESTED, member_id, subject.at, rows=[(case, kept)])
    entry = ledger.Entry(EventName.CASE_SUSPENDED, member_id, Purpose.SHOW, PAGE, case_id=case_id)
    ledger.write(subject.connection, subject.actor, entry)
    due = subject.today + timedelta(days=law().reports.days)
    return Stopped(row.case_no, _report(subject, case_id, words), due)


def _report(subject: Subject, case_id: UUID, words: str) -> str | None:
    """Open the incident, last of all: it is the reporter's own, who may be a guardian."""
    wish = Wish(ReportKind.INCIDENT, words, about_id=subject.member_id, case_id=case_id)
    try:
        with subject.connection.begin_nested():
            made = reports.make(
                subject.connection, subject.actor, wish, subject.actor.language, subject.at
            )
    except IntegrityError:
        return None
    return made.number
