"""Notes what happens in a case: in the ledger for the member, in the journal for a restore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from db.tables.cases import case as cases
from db.words import Noted, Purpose
from services import journal, ledger
from services.cases import PAGE

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from services.actor import Actor
    from services.ledger import EventName

_OF_TODAY: Final = frozenset({"permissions", "granted_until", "failed_at", "codes_at"})


def journal_row(connection: Connection, actor: Actor, member_id: UUID, case_id: UUID) -> None:
    """Note a case as it stands: the days for its answer must not be lost with the data."""
    row = connection.execute(select(cases).where(cases.c.case_id == case_id)).mappings().one()
    plain = {name: row[name] for name in row if name not in _OF_TODAY}
    # After a restore nobody has a right in it: whoever goes on verifies the caller anew.
    held = plain | {"permissions": [], "granted_until": row["opened_at"]}
    rows = [(cases, held)]
    journal.note(connection, Noted.REQUESTED, member_id, actor.at, rows=rows)


def note(
    connection: Connection,
    actor: Actor,
    name: EventName,
    whose: tuple[UUID, UUID],
    reason: str | None = None,
    items: tuple[str, ...] = (),
) -> None:
    """Write an event of a case; `whose`: the member and the case; `reason` in a word of ours."""
    member_id, case_id = whose
    why = str(reason) if reason else None
    entry = ledger.Entry(name, member_id, Purpose.SHOW, PAGE, items, case_id, reason=why)
    ledger.write(connection, actor, entry)
