"""New contacts that wait until whoever reads there says so: kept apart, sealed, used for nothing.

Until then the old one is disputed (P32). A link or a code proves it, by `email_change` and
`mobile_change`; what a guardian asked for falls away when they may not act for the child any more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from db import places
from db.clock import seoul_day
from db.tables.member import LIVE
from db.tables.ops import one_time
from db.words import Noted, Purpose, RestrictionWhy
from services import guardian_calls, guarding, journal, ledger, restriction_rows
from services.actor import Relation
from services.holding_back import held_back
from services.ledger import EventName
from services.outbox import NoKeyError

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection, Table
    from sqlalchemy.sql.base import ReadOnlyColumnCollection

    from services.subject import Subject

    Columns = ReadOnlyColumnCollection[str, Any]

USES: Final = {"email": "confirm_email", "mobile": "confirm_mobile"}
"""What the link or the code of an item is for."""


@dataclass(frozen=True)
class New:
    """A new contact: until when it waits, for how many tries, and the digest of what proves it."""

    item: str
    value: str = field(repr=False)
    digest: bytes = field(repr=False)
    ends: datetime
    tries: int


def keep(subject: Subject, new: New) -> None:
    """Let a new value wait; a second wish replaces the first, whose link or code works no more.

    Raise `NoKeyError` when the member's key is missing, or `HeldBack` for a guardian, by any way,
    while a dispute is open.
    """
    if subject.sealer is None:
        raise NoKeyError
    asker = _asker(subject)
    _forget_proofs(subject, new.item)
    proof = {
        "digest": new.digest, "member_id": subject.member_id, "use": USES[new.item],
        "channel": USES[new.item], "expires_at": new.ends, "tries_left": new.tries,
    }  # fmt: skip
    subject.connection.execute(insert(one_time).values(proof))
    table = subject.tables.pending_value
    row = {
        "member_id": subject.member_id, "item": new.item,
        "sealed": subject.sealer.seal(new.value.encode(), places.pending(new.item)),
        "asked_at": subject.at, "expires_at": new.ends, "asked_by": asker,
    }  # fmt: skip
    upsert = insert(table).values(row)
    subject.connection.execute(
        upsert.on_conflict_do_update(index_elements=["member_id", "item"], set_=row)
    )
    journal.note(
        subject.connection, Noted.REQUESTED, subject.member_id, subject.at,
        rows=[(table, row), (one_time, proof)],
    )  # fmt: skip
    _dispute(subject, new.item)
    tell(subject, EventName.CONFIRMATION_ASKED, new.item)


def _asker(subject: Subject) -> UUID | None:
    """Return the member or the guardian who asks; None when nobody may act in a guardian's case."""
    held_back(subject, guardians_only=True)
    if subject.relation is not Relation.STAFF:
        return subject.actor.person
    if not guardian_calls.by_guardian(subject):
        return subject.member_id
    held_back(subject)
    return guardian_calls.guardian_of(subject)


def asker_may(subject: Subject, item: str) -> bool:
    """Return whether who asked for the value still might: the member, or a guardian who acts."""
    table = subject.tables.pending_value.c
    mine = (table.member_id == subject.member_id, table.item == item)
    asker = subject.connection.scalar(select(table.asked_by).where(*mine))
    if asker is None or asker == subject.member_id:
        return asker is not None
    guards = guarding.guards(subject.member_id, asker, subject.today)
    return bool(subject.connection.scalar(select(guards)))


def take_back(subject: Subject, item: str) -> bool:
    """Forget the new value at the member's wish: the one that is held counts again.

    Return whether there was one. Needs a verification.
    """
    subject.actor.require_verification()
    found = forget(subject, item)
    if found:
        tell(subject, EventName.REQUEST_TAKEN_BACK, item)
    return found


def forget(subject: Subject, item: str) -> bool:
    """Forget the new value and what proves it; return whether there was one."""
    _forget_proofs(subject, item)
    found = take(subject, item) is not None
    settle(subject, item)
    return found


def forget_guardians(subject: Subject, guardian: UUID | None = None) -> None:
    """Forget new values that a guardian (or this one) asked for; the child's own wait on."""
    table = subject.tables.pending_value.c
    asked = subject.connection.execute(
        select(table.item, table.asked_by).where(table.member_id == subject.member_id)
    ).all()
    for row in asked:
        by_guardian = row.item in USES and row.asked_by != subject.member_id
        if by_guardian and (guardian is None or row.asked_by in {guardian, None}):
            forget(subject, row.item)


def take(subject: Subject, item: str) -> str | None:
    """Remove the value that waits and return it; None when there is none that can be opened."""
    table = subject.tables.pending_value
    mine = {"member_id": subject.member_id, "item": item}
    sealed = subject.connection.scalar(delete(table).filter_by(**mine).returning(table.c.sealed))
    if sealed is not None:
        _note_gone(subject, table, mine)
    return subject.open(sealed, places.pending(item))


def expire(connection: Connection, now: datetime) -> int:
    """Forget new values whose time ran out, as the worker; return how many: two statements.

    So are those that a guardian asked for, once the child is 14.
    """
    pending, restricted, member = LIVE.pending_value, LIVE.restriction, LIVE.member.c
    child = exists().where(
        member.member_id == pending.c.member_id, member.turns_14_on > seoul_day(now)
    )
    over = (pending.c.expires_at <= now) | ((pending.c.asked_by != pending.c.member_id) & ~child)
    gone = connection.scalars(delete(pending).where(over).returning(pending.c.member_id)).all()
    still = exists().where(
        pending.c.member_id == restricted.c.member_id, pending.c.item == restricted.c.item
    )
    ours = _ours(restricted.c, *USES)
    connection.execute(update(restricted).where(ours, ~still).values(ended_at=now))
    return len(gone)


def settle(subject: Subject, item: str) -> None:
    """End the dispute about the value that is held."""
    table = subject.tables.restriction
    ended = subject.connection.execute(
        update(table)
        .where(table.c.member_id == subject.member_id, _ours(table.c, item))
        .values(ended_at=subject.at)
        .returning(table)
    )
    restriction_rows.note(subject, ended.mappings())


def tell(subject: Subject, name: EventName, item: str) -> None:
    """Note in the ledger what became of a new value; it says which item, and no value."""
    entry = ledger.Entry(name, subject.member_id, Purpose.CORRECT, None, (item,), subject.case_id)
    ledger.write(subject.connection, subject.actor, entry)


def _dispute(subject: Subject, item: str) -> None:
    """Let the old value be used for nothing while it is disputed (P32); once is enough."""
    table = subject.tables.restriction
    mine = (table.c.member_id == subject.member_id) & _ours(table.c, item)
    if not subject.connection.scalar(select(exists().where(mine))):
        restriction_rows.begin(subject, RestrictionWhy.DISPUTED, None, [(item, None, subject.at)])


def _ours(column: Columns, *items: str) -> ColumnElement[bool]:
    """Return whether a restriction is one of these: no request stands behind it."""
    return and_(
        column.item.in_(items),
        column.why == RestrictionWhy.DISPUTED,
        column.request_id.is_(None),
        column.ended_at.is_(None),
    )


def _forget_proofs(subject: Subject, item: str) -> None:
    mine = (one_time.c.member_id == subject.member_id) & (one_time.c.use == USES[item])
    gone = subject.connection.execute(delete(one_time).where(mine))
    if gone.rowcount:
        _note_gone(subject, one_time, {"member_id": subject.member_id, "use": USES[item]})


def _note_gone(subject: Subject, table: Table, which: dict[str, Any]) -> None:
    """Note rows that went: a link of then must not let another address count after a restore."""
    journal.note(
        subject.connection, Noted.REQUESTED, subject.member_id, subject.at, gone=[(table, which)]
    )
