"""Files given as proof: sealed with the member's own key, destroyed after the decision (P42)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update

from db import places
from db.words import Noted
from services import files, journal, ledger
from services.files import MediaType
from services.ledger import EventName
from services.outbox import NoKeyError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.journal_rows import Held
    from services.subject import Subject


@dataclass(frozen=True)
class Evidence:
    """One file, opened."""

    evidence_id: UUID
    media_type: MediaType
    content: bytes = field(repr=False)


def keep(subject: Subject, request_id: UUID, content: bytes) -> UUID:
    """Check and seal a file for a request; return its id. Raise `FileRefused`."""
    kind = files.check(content)
    if subject.sealer is None:
        raise NoKeyError
    evidence_id = uuid4()
    row = {
        "member_id": subject.member_id,
        "evidence_id": evidence_id,
        "request_id": request_id,
        "media_type": kind,
        "size": len(content),
        "sealed": subject.sealer.seal(content, places.evidence(evidence_id)),
        "received_at": subject.at,
    }
    subject.connection.execute(insert(subject.tables.evidence).values(row))
    _note(subject, [row])
    return evidence_id


def _note(subject: Subject, rows: Iterable[Held]) -> None:
    """Note files as they stand now: one that was destroyed must not come back."""
    held = [(subject.tables.evidence, row) for row in rows]
    journal.note(subject.connection, Noted.REQUESTED, subject.member_id, subject.at, rows=held)


def look(subject: Subject, request_id: UUID) -> tuple[Evidence, ...]:
    """Return a request's files, opened, for who decides it; the ledger says that they looked."""
    table = subject.tables.evidence.c
    rows = subject.connection.execute(
        select(table.evidence_id, table.media_type, table.sealed)
        .where(
            table.member_id == subject.member_id,
            table.request_id == request_id,
            table.sealed.is_not(None),
        )
        .order_by(table.received_at, table.evidence_id)
    ).all()
    if subject.sealer is None:
        return ()
    if rows:
        _tell(subject, EventName.EVIDENCE_VIEWED)
    opened = subject.sealer.open
    return tuple(
        Evidence(
            row.evidence_id,
            MediaType(row.media_type),
            opened(row.sealed, places.evidence(row.evidence_id)),
        )
        for row in rows
    )


def destroy(subject: Subject, request_id: UUID) -> int:
    """Destroy a decided (or taken back) request's files; return how many there were."""
    table = subject.tables.evidence
    gone = (
        subject.connection.execute(
            update(table)
            .where(
                table.c.member_id == subject.member_id,
                table.c.request_id == request_id,
                table.c.sealed.is_not(None),
            )
            .values(sealed=None, destroyed_at=subject.at)
            .returning(table)
        )
        .mappings()
        .all()
    )
    if gone:
        _note(subject, gone)
        _tell(subject, EventName.EVIDENCE_DESTROYED)
    return len(gone)


def _tell(subject: Subject, name: EventName) -> None:
    entry = ledger.Entry(name, subject.member_id, subject.purpose)
    ledger.write(subject.connection, subject.actor, entry)
