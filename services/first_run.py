"""The first run after an import: what came past its period already waits for the officer.

An import may bring records whose last day is over. Nobody should find out by their absence that a
map had the wrong date: so the daily run only counts them, the desk shows the counts, and they are
destroyed by the next run after the officer has confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from db.clock import seoul_day
from db.tables.keeping import overdue_import
from db.words import N_, Noted
from services import due, journal
from services.actor import AccessDenied, Actor, Permission, page_opens

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Connection


@dataclass(frozen=True)
class Waiting:
    """An import's overdue records, by kind, as the dry run counted them; None before it did."""

    import_id: UUID
    source: str
    day: date
    planned: dict[str, int] | None


def expect(connection: Connection, source: str, now: datetime) -> None:
    """Note that an import begins: what it brings past its period waits. Again: from today on."""
    day = seoul_day(now)
    row = insert(overdue_import).values(import_id=uuid4(), source=source, day=day)
    waiting = overdue_import.c.confirmed_at.is_(None)
    later = {"day": func.greatest(overdue_import.c.day, day), "planned": None, "planned_at": None}
    connection.execute(
        row.on_conflict_do_update(index_elements=["source"], index_where=waiting, set_=later)
    )


def plan(connection: Connection, now: datetime) -> None:
    """Count what waits; an import that brought nothing overdue waits for nobody."""
    for one in waiting(connection):
        planned = due.waiting(connection, one.day)
        values = {"planned": planned, "planned_at": now}
        if not planned:
            values["confirmed_at"] = now
        mine = overdue_import.c.import_id == one.import_id
        connection.execute(update(overdue_import).where(mine).values(values))


def waiting(connection: Connection) -> tuple[Waiting, ...]:
    """Return the imports that wait for the officer."""
    columns = overdue_import.c
    chosen = select(columns.import_id, columns.source, columns.day, columns.planned)
    rows = connection.execute(chosen.where(columns.confirmed_at.is_(None)).order_by(columns.day))
    return tuple(Waiting(*row) for row in rows)


def confirm(connection: Connection, actor: Actor, import_id: UUID) -> None:
    """Let what waits be destroyed by the next run; needs a verification.

    Raise `AccessDenied` for anybody but an officer.
    """
    if not page_opens(Permission.OFFICER_DESK, actor):
        raise AccessDenied(N_("This page is not open to you."))
    actor.require_verification()
    columns = overdue_import.c
    # Only what was counted and seen can be confirmed.
    open_ = columns.confirmed_at.is_(None) & columns.planned.is_not(None)
    done = (
        update(overdue_import)
        .where(columns.import_id == import_id, open_)
        .values(confirmed_by=actor.person, confirmed_at=actor.at)
    )
    if connection.execute(done).rowcount:
        journal.note(connection, Noted.IMPORT_CONFIRMED, None, actor.at, import_id=import_id)
