"""The desk's list of open requests, by deadline; taking one in hand makes its case (art. 35 to 38).

The list holds no personal value: which member it is shows only inside the case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, Date, DateTime, Text, Uuid, column, func, select

from db.clock import SEOUL, seoul_day
from db.errors import PortalError
from db.tables.member import LIVE
from db.tables.ops import case as cases
from db.tables.ops import staff
from db.words import N_, Purpose, RequestKind
from services import ledger, requests
from services.ledger import EventName
from services.relations import OWN, as_subject, helps

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import ColumnClause, Connection, Row

    from services.actor import Actor

PAGE_ROWS: Final = 20
CASE_LASTS: Final = timedelta(minutes=30)
"""How long a request is in one person's hand; the database allows no longer."""


class TakenError(PortalError):
    """Somebody else has the request in hand, or it is not open any more."""


@dataclass(frozen=True)
class Waiting:
    """An open request. `days_left` is below 0 when its day is over; `hand`: who has it, if any."""

    member_id: UUID
    request_id: UUID
    kind: RequestKind
    item: str | None
    purpose: str | None
    received_at: datetime
    due_on: date
    files: int
    hand: str | None
    mine: bool
    days_left: int


@dataclass(frozen=True)
class Queue:
    """A page of the list and how many there are in all."""

    count: int
    rows: tuple[Waiting, ...]


@dataclass(frozen=True)
class Case:
    """A request in hand: whose, and until when."""

    case_id: UUID
    member_id: UUID
    request_id: UUID
    until: datetime


_COLUMNS: tuple[ColumnClause[Any], ...] = (
    column("member_id", Uuid), column("request_id", Uuid), column("kind", Text),
    column("item", Text), column("purpose", Text), column("received_at", DateTime(timezone=True)),
    column("due_on", Date), column("files", BigInteger), column("taken_by", Uuid),
    column("taken_until", DateTime(timezone=True)),
)  # fmt: skip


def count(connection: Connection) -> int:
    """Return how many requests are open."""
    return int(connection.scalar(select(func.ops.open_request_count())) or 0)


def page(connection: Connection, actor: Actor, number: int) -> Queue:
    """Return a page of open requests, those due first: the count and one query."""
    start = max(number - 1, 0) * PAGE_ROWS
    waiting = func.ops.open_requests(start, PAGE_ROWS).table_valued(*_COLUMNS, name="waiting")
    rows = connection.execute(
        select(waiting, staff.c.staff_no)
        .select_from(waiting.outerjoin(staff, staff.c.staff_id == waiting.c.taken_by))
        .order_by(waiting.c.due_on, waiting.c.received_at, waiting.c.request_id)
    )
    return Queue(count(connection), tuple(_waiting(row, actor) for row in rows))


def _waiting(row: Row[Any], actor: Actor) -> Waiting:
    held = row.taken_until is not None and row.taken_until > actor.at
    return Waiting(
        row.member_id, row.request_id, RequestKind(row.kind), row.item, row.purpose,
        row.received_at, row.due_on, row.files, row.staff_no if held else None,
        held and row.taken_by == actor.person, (row.due_on - seoul_day(actor.at)).days,
    )  # fmt: skip


def take(connection: Connection, actor: Actor, member_id: UUID, request_id: UUID) -> Case:
    """Take a request in hand for `CASE_LASTS`; the case gives the right to decide it, no other.

    Raise `TakenError`, which says who has it, when somebody was faster.
    """
    as_subject(connection, member_id)
    # Of two who take it at once the second waits here, and then sees the first one's case.
    table = LIVE.request
    asker = connection.scalar(
        select(table.c.asked_by_staff)
        .where(table.c.member_id == member_id, table.c.request_id == request_id)
        .with_for_update()
    )
    if asker == actor.person:
        raise TakenError(requests.ANOTHER)
    if not helps(connection, actor, member_id):
        raise TakenError(OWN)
    until = actor.at + CASE_LASTS
    case_id = connection.scalar(
        select(func.ops.take_request(actor.person, member_id, request_id, actor.at, until))
    )
    if case_id is None:
        raise _taken(connection, request_id, actor.at)
    entry = ledger.Entry(
        EventName.REQUEST_TAKEN, member_id, Purpose.CORRECT, "/desk-queue", case_id=case_id
    )
    ledger.write(connection, actor, entry)
    return Case(case_id, member_id, request_id, until)


def _taken(connection: Connection, request_id: UUID, at: datetime) -> TakenError:
    """Return who has the request, in words; nobody: it is not open any more."""
    row = connection.execute(
        select(staff.c.staff_no, cases.c.granted_until)
        .join_from(cases, staff)
        .where(
            cases.c.request_id == request_id,
            cases.c.closed_at.is_(None),
            cases.c.granted_until > at,
        )
        .order_by(cases.c.granted_until.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return TakenError(N_("This request is not open any more."))
    return TakenError(
        N_("Staff {number} has this request in hand until {until}."),
        number=row.staff_no,
        until=f"{row.granted_until.astimezone(SEOUL):%H:%M}",
    )


def in_hand(connection: Connection, actor: Actor, case_id: UUID) -> Case | None:
    """Return a case of the actor's that still runs; None when it is over, closed or another's."""
    row = connection.execute(
        select(cases).where(
            cases.c.case_id == case_id,
            cases.c.staff_id == actor.person,
            cases.c.closed_at.is_(None),
            cases.c.granted_until > actor.at,
            cases.c.request_id.is_not(None),
        )
    ).one_or_none()
    return Case(case_id, row.member_id, row.request_id, row.granted_until) if row else None


def put_back(connection: Connection, actor: Actor, case_id: UUID) -> None:
    """End a case without a decision, so that somebody else can take the request."""
    connection.execute(select(func.ops.close_case(actor.person, case_id, actor.at)))
