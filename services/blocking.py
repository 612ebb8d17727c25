"""Counts the uses that a restriction kept from happening, so that the member sees them (P32)."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, Text, Uuid, bindparam, cast, exists, func, literal, or_, select
from sqlalchemy import update as change
from sqlalchemy.dialects.postgresql import ARRAY, insert

from db.clock import seoul_day
from db.tables.ledger import event
from db.tables.member import STORES
from db.words import RIGHTS, ActorKind
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Insert

    from db.tables.member import MemberTables
    from db.words import Purpose, Store
    from services.actor import Actor

_GIVEN: dict[str, Any] = {
    "member": Uuid, "item": Text, "purpose": Text, "at": DateTime(timezone=True),
    "actor_kind": Text, "actor_id": Uuid, "session_id": Uuid, "fold_key": event.c.fold_key.type,
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
        "member": member_id, "item": item, "purpose": purpose, "at": at,
        "actor_kind": actor.kind if actor else ActorKind.SYSTEM,
        "actor_id": actor.person if actor else None,
        "session_id": actor.session_id if actor else None,
        "fold_key": hashlib.sha256(same.encode()).digest(),
    }  # fmt: skip
    connection.execute(_statement(tables.store), given)


@cache
def _statement(store: Store) -> Insert:
    table = STORES[store].restriction
    given = {name: cast(bindparam(name, type_=kind), kind) for name, kind in _GIVEN.items()}
    hit = (
        change(table)
        .where(
            table.c.member_id == given["member"],
            table.c.ended_at.is_(None),
            table.c.started_at <= given["at"],
            or_(table.c.item.is_(None), table.c.item == given["item"]),
            or_(table.c.purpose.is_(None), table.c.purpose == given["purpose"]),
        )
        .values(
            blocked=table.c.blocked + 1,
            last_blocked_at=func.greatest(table.c.last_blocked_at, given["at"]),
        )
        .returning(table.c.restriction_id)
        .cte("hit")
    )
    columns = {
        "at": given["at"], "member_id": given["member"], "name": literal(EventName.USE_BLOCKED),
        "purpose": given["purpose"], "allowed": literal(value=False),
        "reason": literal("restricted"), "actor_kind": given["actor_kind"],
        "actor_id": given["actor_id"], "session_id": given["session_id"],
        "items": cast(func.array_append(cast([], ARRAY(Text)), given["item"]), ARRAY(Text)),
        "fold_key": given["fold_key"],
    }  # fmt: skip
    noted = select(*columns.values()).where(exists(select(hit.c.restriction_id)))
    return (
        insert(event)
        .inline()
        .from_select(list(columns), noted)
        .on_conflict_do_nothing(index_elements=["member_id", "fold_key"])
    )
