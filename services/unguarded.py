"""Children whom nobody may act for, as the officer sees to them: listed, noted, let act again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import Boolean, Date, Uuid, column, func, select

from db.clock import seoul_day
from db.tables.member import LIVE
from db.words import Noted
from services import journal, ledger, reference
from services.dispute_rights import PAGE, PURPOSE, officer
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Connection

    from services.actor import Actor
    from services.journal_rows import Row

PAGE_ROWS: Final = 20


@dataclass(frozen=True)
class Alone:
    """A child without a guardian who may act, by the desk's own name for it."""

    member_id: UUID = field(repr=False)
    name: str
    since: date | None
    suspended: bool


_ALONE = (column("member_id", Uuid), column("last_ended", Date), column("suspended", Boolean))


def alone(connection: Connection, actor: Actor, number: int = 1) -> tuple[Alone, ...]:
    """Return children whom nobody may act for, those since lately first: one query."""
    officer(actor)
    skip = (max(number, 1) - 1) * PAGE_ROWS
    listed = func.ops.unguarded(actor.person, seoul_day(actor.at), skip, PAGE_ROWS)
    rows = connection.execute(select(listed.table_valued(*_ALONE, name="alone")))
    return tuple(
        Alone(row.member_id, reference.for_desk(row.member_id), row.last_ended, row.suspended)
        for row in rows
    )


def see(connection: Connection, actor: Actor, child: UUID) -> None:
    """Note that a child without a guardian was looked after, which takes it off the list."""
    officer(actor)
    if connection.scalar(select(func.ops.see_unguarded(actor.person, child, seoul_day(actor.at)))):
        entry = ledger.Entry(EventName.UNGUARDED_SEEN, child, PURPOSE, PAGE)
        ledger.write(connection, actor, entry)


def lift(connection: Connection, actor: Actor, child: UUID) -> int:
    """Let suspended guardians of a child act again; return how many links that were.

    Needs an officer who has just confirmed who they are.
    """
    officer(actor)
    actor.require_verification()
    columns = tuple(column(one.name, one.type) for one in LIVE.guardianship.c)
    lifting = func.ops.lift_suspensions(actor.person, child, seoul_day(actor.at))
    rows = connection.execute(select(lifting.table_valued(*columns, name="lifted"))).mappings()
    held: list[Row] = [(LIVE.guardianship, row) for row in rows]
    if held:
        journal.note(connection, Noted.REQUESTED, child, actor.at, rows=held)
        entry = ledger.Entry(EventName.SUSPENSION_LIFTED, child, PURPOSE, PAGE)
        ledger.write(connection, actor, entry)
    return len(held)
