"""The monthly review of the staff's access: who did how much, and an officer's word on it (P28)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from sqlalchemy import func, insert, select

from db.clock import SEOUL, seoul_day
from db.errors import PortalError
from db.law import law
from db.tables.ops import staff
from db.tables.watching import access_review
from db.words import N_
from services import ledger
from services.actor import AccessDenied, Permission, page_opens
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

    from services.actor import Actor

LONGEST: Final = 500


class ReviewRefused(PortalError):  # noqa: N818 (the sentence says what is missing)
    """A review can't be confirmed like this."""


@dataclass(frozen=True)
class Last:
    """The last review: when, who, what was noted; `due_on`: the last day for the next one."""

    on: date
    staff_no: str
    note: str
    due_on: date


@dataclass(frozen=True)
class Activity:
    """What one of the staff did in a time; numbers only. `late`: outside the working hours."""

    staff_no: str
    looks: int
    members: int
    refused: int
    late: int


def last(connection: Connection) -> Last | None:
    """Return the last review, None before the first: one query."""
    row = connection.execute(
        select(access_review.c.reviewed_on, staff.c.staff_no, access_review.c.note)
        .join(staff, staff.c.staff_id == access_review.c.reviewed_by)
        .order_by(access_review.c.reviewed_at.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    due = law().unusual.review_every.ends_on(row.reviewed_on)
    return Last(row.reviewed_on, row.staff_no, row.note, due)


def due(connection: Connection, today: date) -> bool:
    """Return whether a review is due: there was none, or the last was too long ago."""
    found = last(connection)
    return found is None or found.due_on < today


def activity(connection: Connection, actor: Actor) -> tuple[Activity, ...]:
    """Return what each of the staff did since the last review, or in the last month: one query."""
    _officer(actor)
    found, today = last(connection), seoul_day(actor.at)
    first = found.on if found else today - timedelta(days=31)
    since = datetime.combine(first, time(), SEOUL)
    rules = law().unusual
    rows = func.ops.staff_activity(actor.person, since, actor.at, rules.opens_at, rules.shuts_at)
    columns = ("staff_no", "looks", "members", "refused", "late")
    return tuple(Activity(*row) for row in connection.execute(select(rows.table_valued(*columns))))


def confirm(connection: Connection, actor: Actor, note: str) -> None:
    """Write down that the access was reviewed. Raise `ReviewRefused`, `StepUpRequired`."""
    _officer(actor)
    actor.require_verification()
    plain = " ".join(note.split())
    if not plain:
        raise ReviewRefused(N_("Please note what you saw, or that nothing was unusual."))
    if len(plain) > LONGEST:
        raise ReviewRefused(N_("Please use at most {n} characters."), n=LONGEST)
    row = {"review_id": uuid4(), "reviewed_on": seoul_day(actor.at), "reviewed_by": actor.person,
           "reviewed_at": actor.at, "note": plain}  # fmt: skip
    connection.execute(insert(access_review).values(row))
    entry = ledger.Entry(EventName.ACCESS_REVIEWED, None, page="/desk-officer")
    ledger.write(connection, actor, entry)


def _officer(actor: Actor) -> None:
    if not page_opens(Permission.OFFICER_DESK, actor):
        raise AccessDenied(N_("This page is not open to you."))
