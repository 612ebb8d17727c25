"""Children whom nobody may act for, as the officer sees to them: listed, noted, let act again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, Boolean, Date, Uuid, column, func, select

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
    """A child without a guardian who may act, by the desk's own name for it.

    `asleep`: nobody might act for it either, were it and its guardians awake.
    """

    member_id: UUID = field(repr=False)
    name: str
    since: date | None
    suspended: bool
    asleep: bool


@dataclass(frozen=True)
class Page:
    """A page of them, and how many there are in all: `count`, of whom `asleep` sleep."""

    rows: tuple[Alone, ...]
    count: int
    asleep: int


NOBODY: Final = Page((), 0, 0)
_ALONE = (
    column("member_id", Uuid), column("last_ended", Date), column("suspended", Boolean),
    column("asleep", Boolean), column("everybody", BigInteger), column("sleepers", BigInteger),
)  # fmt: skip


def alone(connection: Connection, actor: Actor, number: int = 1) -> Page:
    """Return page `number` (from 1) of children whom nobody may act for: one query.

    Who is awake comes first, then those since lately.
    """
    officer(actor)
    skip = (max(number, 1) - 1) * PAGE_ROWS
    listed = func.ops.unguarded(actor.person, seoul_day(actor.at), skip, PAGE_ROWS)
    rows = connection.execute(select(listed.table_valued(*_ALONE, name="alone"))).all()
    found = tuple(
        Alone(
            row.member_id, reference.for_desk(row.member_id), row.last_ended, row.suspended,
            row.asleep,
        )
        for row in rows if row.member_id is not None
    )  # fmt: skip
    return Page(found, rows[0].everybody, rows[0].sleepers)


def see(connection: Connection, actor: Actor, child: UUID) -> None:
    """Note that a child without a guardian was looked after, which takes it off the list.

    Raise `DisputeRefused` about a child of the officer's own family, and one that has left.
    """
    officer(actor)
    seen = func.ops.see_unguarded(actor.person, child, seoul_day(actor.at))
    if not connection.scalar(select(seen)):
        raise DisputeRefused(
            N_("Nothing was changed: the child is not here any more, or you are of its family; "
               "then another officer sees to it.")
        )  # fmt: skip
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
