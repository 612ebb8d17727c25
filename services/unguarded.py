"""Children whom nobody may act for, as the officer sees to them: listed, noted, let act again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import Boolean, Date, Uuid, column, func, select

from db.clock import seoul_day
from db.tables.member import DORMANT, LIVE
from db.words import N_, Noted
from services import jobs, journal, ledger, reference
from services.dispute_rights import PAGE, PURPOSE, officer
from services.disputes import DisputeRefused
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Connection

    from db.tables.member import MemberTables
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
    """Let suspended guardians of a child, awake or asleep, act again; return how many links.

    A child who sleeps sleeps on; its guardians act once it is back. They are told, and so is a
    child who is awake. Needs an officer who has just confirmed who they are. Raise `DisputeRefused`
    where there is nothing to lift, and about a child of the officer's own family.
    """
    officer(actor)
    actor.require_verification()
    held = _lifted(connection, actor, child, LIVE) or _lifted(connection, actor, child, DORMANT)
    if not held:
        raise DisputeRefused(
            N_("Nothing was changed: no guardian of this child is suspended any more, or you are "
               "of its family; then another officer decides.")
        )  # fmt: skip
    journal.note(connection, Noted.REQUESTED, child, actor.at, rows=held)
    entry = ledger.Entry(EventName.SUSPENSION_LIFTED, child, PURPOSE, PAGE)
    ledger.write(connection, actor, entry)
    guardians = sorted({str(row["guardian_id"]) for _table, row in held})
    jobs.defer(
        connection, jobs.LIFTED, member_id=str(child), guardians=guardians, at=actor.at.isoformat()
    )
    return len(held)


def _lifted(connection: Connection, actor: Actor, child: UUID, tables: MemberTables) -> list[Row]:
    """Lift what is in force in one store; return the links as they stand now: one query."""
    which = func.ops.lift_suspensions if tables is LIVE else func.ops.lift_asleep
    lifting = which(actor.person, child, seoul_day(actor.at))
    columns = tuple(column(one.name, one.type) for one in tables.guardianship.c)
    rows = connection.execute(select(lifting.table_valued(*columns, name="lifted"))).mappings()
    return [(tables.guardianship, row) for row in rows]
