"""Counts the uses that a restriction kept from happening, so that the member sees them (P32)."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Date,
    DateTime,
    Text,
    Uuid,
    bindparam,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy import update as change
from sqlalchemy.dialects.postgresql import ARRAY, insert

from db.clock import SEOUL, seoul_day
from db.tables.ledger import event
from db.tables.member import STORES
from db.words import RIGHTS, ActorKind
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection, Insert

    from db.tables.member import MemberTables
    from db.words import Purpose, Store
    from services.actor import Actor

# A name of its own for each: one that a column has, too, would be written into that column.
_GIVEN: dict[str, Any] = {
    "use_member": Uuid, "use_item": Text, "use_purpose": Text, "use_at": DateTime(timezone=True),
    "use_actor_kind": Text, "use_actor_id": Uuid, "use_session_id": Uuid,
    "use_fold_key": event.c.fold_key.type,
}  # fmt: skip


def count(  # noqa: PLR0913, PLR0917 (each is a fact of the use that was refused)
    connection: Connection,
    tables: MemberTables,
    member_id: UUID,
    item: str,
    purpose: Purpose,
    at: datetime,
    actor: Actor | None = None,
) -> None:
    """Count one refused use on every restriction that refuses it, and note it: one statement.

    Call it where `use.decide` answered RESTRICTED. Without an `actor` it was the system that
    wanted to. The ledger says it once a day for an item, a purpose and a person; the count says how
    often. A member's own rights are never refused, so they never count.
    """
    if purpose in RIGHTS:
        return
    who = str(actor.person) if actor else ActorKind.SYSTEM
    same = f"{EventName.USE_BLOCKED}|{item}|{purpose}|{who}|{seoul_day(at)}"
    given = {
        "use_member": member_id, "use_item": item, "use_purpose": purpose, "use_at": at,
        "use_actor_kind": actor.kind if actor else ActorKind.SYSTEM,
        "use_actor_id": actor.person if actor else None,
        "use_session_id": actor.session_id if actor else None,
        "use_fold_key": hashlib.sha256(same.encode()).digest(),
    }  # fmt: skip
    connection.execute(_statement(tables.store), given)


def _day(at: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.timezone(SEOUL.key, at), Date)


@cache
def _statement(store: Store) -> Insert:
    table = STORES[store].restriction
    given = {name: cast(bindparam(name, type_=kind), kind) for name, kind in _GIVEN.items()}
    hit = (
        change(table)
        .where(
            table.c.member_id == given["use_member"],
            table.c.ended_at.is_(None),
            # As `use.open_restrictions` has it: from the first instant of its day.
            _day(table.c.started_at) <= _day(given["use_at"]),
            or_(table.c.item.is_(None), table.c.item == given["use_item"]),
            or_(table.c.purpose.is_(None), table.c.purpose == given["use_purpose"]),
        )
        .values(
            blocked=table.c.blocked + 1,
            last_blocked_at=func.greatest(table.c.last_blocked_at, given["use_at"]),
        )
        .returning(table.c.restriction_id)
        .cte("hit")
    )
    columns = {
        "at": given["use_at"], "member_id": given["use_member"],
        "name": literal(EventName.USE_BLOCKED),
        "purpose": given["use_purpose"], "allowed": literal(value=False),
        "reason": literal("restricted"), "actor_kind": given["use_actor_kind"],
        "actor_id": given["use_actor_id"], "session_id": given["use_session_id"],
        "items": cast(func.array_append(cast([], ARRAY(Text)), given["use_item"]), ARRAY(Text)),
        "fold_key": given["use_fold_key"],
    }  # fmt: skip
    noted = select(*columns.values()).where(exists(select(hit.c.restriction_id)))
    return (
        insert(event)
        .inline()
        .from_select(list(columns), noted)
        .on_conflict_do_nothing(index_elements=["member_id", "fold_key"])
    )
