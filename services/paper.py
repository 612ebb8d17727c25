"""Forms on paper: how many are to be shredded or incinerated, and that it was done (P15).

What came on paper says so. When its data is destroyed, its forms are counted (`destruction`), and
stay open here until an officer writes down that they were destroyed (clause 4). Only kinds and
numbers: which member's a form was, nobody needs to know for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from sqlalchemy import func, insert, select, text

from db.clock import seoul_day
from db.errors import PortalError
from db.tables.keeping import destruction, destruction_run
from db.tables.keeping import paper_destruction as rows
from db.tables.ops import staff
from db.words import N_, PaperMethod
from services import ledger
from services.actor import AccessDenied, Permission, page_opens
from services.holds import AFTER_WITHDRAWAL
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

    from services.actor import Actor

PAGE: Final = "/desk-destruction"
_PROFILE: Final = "profile"
"""What the database calls forms with values of members; their rows end after a withdrawal."""
_LOCK = text("select pg_advisory_xact_lock(7251107)")
_LATELY: Final = 10


class PaperRefused(PortalError):  # noqa: N818 (the sentence says what is wrong)
    """A destruction of forms can't be recorded like this."""


@dataclass(frozen=True)
class Paper:
    """Forms of one kind: whose data is destroyed and which are still there; destroyed; kept."""

    kind: str
    due: int
    destroyed: int
    kept: int


@dataclass(frozen=True)
class Destroyed:
    """What an officer did: so many forms of a kind, how, and on which day."""

    kind: str
    forms: int
    method: PaperMethod
    day: date


@dataclass(frozen=True)
class Recorded:
    """One line of the record, with the number of who wrote it."""

    what: Destroyed
    staff_no: str


def listed(connection: Connection) -> tuple[Paper, ...]:
    """Return each kind of form that is here or was; three queries."""
    ended, destroyed, kept = _ended(connection, None), _destroyed(connection), _kept(connection)
    kinds = sorted({*ended, *destroyed, *kept})
    return tuple(
        Paper(
            kind, max(ended.get(kind, 0) - destroyed.get(kind, 0), 0), destroyed.get(kind, 0),
            kept.get(kind, 0),
        )
        for kind in kinds
    )  # fmt: skip


def due(connection: Connection) -> int:
    """Return how many forms are still to be shredded or incinerated."""
    ended, destroyed = _ended(connection, None), _destroyed(connection)
    return sum(max(forms - destroyed.get(kind, 0), 0) for kind, forms in ended.items())


def lately(connection: Connection) -> tuple[Recorded, ...]:
    """Return the latest lines of the record."""
    found = connection.execute(
        select(rows.c.kind, rows.c.forms, rows.c.method, rows.c.destroyed_on, staff.c.staff_no)
        .join(staff, staff.c.staff_id == rows.c.recorded_by)
        .order_by(rows.c.recorded_at.desc(), rows.c.paper_destruction_id)
        .limit(_LATELY)
    )
    return tuple(
        Recorded(Destroyed(kind, forms, PaperMethod(method), day), number)
        for kind, forms, method, day, number in found
    )


def record(connection: Connection, actor: Actor, done: Destroyed) -> None:
    """Write down that forms were destroyed; the ledger says who did.

    Raise `PaperRefused` for more forms than were due on that day, `AccessDenied` for anybody but an
    officer, and `StepUpRequired` without a verification.
    """
    if not page_opens(Permission.OFFICER_DESK, actor):
        raise AccessDenied(N_("This page is not open to you."))
    actor.require_verification()
    if done.forms < 1:
        raise PaperRefused(N_("Please say how many forms."))
    if done.day > seoul_day(actor.at):
        raise PaperRefused(N_("That day has not come yet."))
    # Of two officers who write down the same forms, the second finds them gone.
    connection.execute(_LOCK)
    open_then = _ended(connection, done.day).get(done.kind, 0)
    left = open_then - _destroyed(connection).get(done.kind, 0)
    if left < 1:
        raise PaperRefused(N_("Of this kind, none was to be destroyed on that day."))
    if done.forms > left:
        raise PaperRefused(
            N_("Of this kind, no more than {n} were to be destroyed on that day."), n=left
        )
    connection.execute(
        insert(rows).values(
            paper_destruction_id=uuid4(), kind=done.kind, forms=done.forms, method=done.method,
            destroyed_on=done.day, recorded_by=actor.person, recorded_at=actor.at,
        )
    )  # fmt: skip
    entry = ledger.Entry(EventName.PAPER_DESTROYED, None, page=PAGE, reason=done.kind)
    ledger.write(connection, actor, entry)


def _ended(connection: Connection, by: date | None) -> dict[str, int]:
    """Return the forms, by kind, whose data had been destroyed by a day, or ever."""
    query = (
        select(destruction.c.kind, func.sum(destruction.c.on_paper))
        .join(destruction_run, destruction_run.c.run_id == destruction.c.run_id)
        .where(destruction.c.on_paper > 0)
        .group_by(destruction.c.kind)
    )
    if by is not None:
        query = query.where(destruction_run.c.day <= by)
    return {kind: int(forms) for kind, forms in connection.execute(query)}


def _destroyed(connection: Connection) -> dict[str, int]:
    query = select(rows.c.kind, func.sum(rows.c.forms)).group_by(rows.c.kind)
    return {kind: int(forms) for kind, forms in connection.execute(query)}


def _kept(connection: Connection) -> dict[str, int]:
    """Return the forms, by kind, whose data is still held in any store."""
    function = func.ops.forms_on_paper().table_valued("kind", "forms")
    found = {row.kind: int(row.forms) for row in connection.execute(select(function))}
    return {AFTER_WITHDRAWAL if kind == _PROFILE else kind: n for kind, n in found.items()}
