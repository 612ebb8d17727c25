"""Questions of the daily check on the officer's desk, each with the action that closes it (P20)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from db.errors import PortalError
from db.tables.ops import finding
from db.words import N_, FindingClosed, FindingKind, Ground, Purpose
from services import ledger
from services.actor import AccessDenied, Actor, Permission, page_opens
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import Connection

PAGE_ROWS = 20
_COLUMNS = (
    "finding_id", "kind", "found_at", "recipient", "items", "purpose", "ground", "disclosed_on",
)  # fmt: skip


class FindingGone(PortalError):  # noqa: N818 (said to the officer)
    """Somebody closed it in the meantime."""


@dataclass(frozen=True)
class Finding:
    """One question: what was given to whom, and what is missing. No member is named."""

    finding_id: UUID
    kind: FindingKind
    found_at: datetime
    recipient: str | None
    items: tuple[str, ...]
    purpose: Purpose | None
    ground: Ground | None
    disclosed_on: date | None


def count(connection: Connection) -> int:
    """Return how many questions are open."""
    query = select(func.count()).select_from(finding).where(finding.c.closed_at.is_(None))
    return connection.scalar(query) or 0


def page(connection: Connection, actor: Actor, number: int = 1) -> tuple[Finding, ...]:
    """Return page `number` (from 1) of the open questions, the newest first: one query."""
    _officer(actor)
    skip = (max(number, 1) - 1) * PAGE_ROWS
    function = func.ops.open_findings(actor.person, skip, PAGE_ROWS)
    rows = connection.execute(select(function.table_valued(*_COLUMNS, name="open"))).mappings()
    return tuple(
        Finding(
            row["finding_id"],
            FindingKind(row["kind"]),
            row["found_at"],
            row["recipient"],
            tuple(row["items"] or ()),
            Purpose(row["purpose"]) if row["purpose"] in set(Purpose) else None,
            Ground(row["ground"]) if row["ground"] else None,
            row["disclosed_on"],
        )
        for row in rows
    )


def close(connection: Connection, actor: Actor, finding_id: UUID, done: FindingClosed) -> None:
    """Close a question by what was done about it; the ledger says so. Raise `FindingGone`."""
    _officer(actor)
    closed = connection.execute(
        update(finding)
        .where(finding.c.finding_id == finding_id, finding.c.closed_at.is_(None))
        .values(closed_at=actor.at, closed_by=actor.person, note=done)
    )
    if not closed.rowcount:
        raise FindingGone(N_("Somebody has closed this already."))
    entry = ledger.Entry(EventName.FINDING_CLOSED, None, reason=done)
    ledger.write(connection, actor, entry)


def _officer(actor: Actor) -> None:
    if not page_opens(Permission.OFFICER_DESK, actor):
        raise AccessDenied(N_("This page is not open to you."))
