"""Who of a batch is here already, and in which state. Rows found live are locked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import select

from db.tables import keys as keys_tables
from db.tables.member import LIVE, STORES
from db.words import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection


class State(Enum):
    """How a member of the source stands here."""

    NEW = auto()
    UNFINISHED = auto()
    """Their key was made, but the run ended before their rows came in."""
    LIVE = auto()
    ASLEEP = auto()
    LEFT = auto()


WHY_AWAY = {
    State.LEFT: "this member left here and stays away",
    State.ASLEEP: "this member's account sleeps here and is left untouched",
}


@dataclass(frozen=True)
class Known:
    """A member of the source with the id they have here."""

    member_id: UUID
    state: State
    wrapped: bytes | None = None


def find(
    data: Connection, keys: Connection, source: str, digests: Sequence[bytes]
) -> dict[bytes, Known]:
    """Return each digest's member; those who are not here yet get an id."""
    origins = _origins(keys, source, digests)
    ids = [member_id for member_id, _left in origins.values()]
    wrapped = _keys(keys, ids)
    live = _ids(data, ids, Store.LIVE)
    # Asked after the lock: a separation that was under way has ended by then.
    asleep, kept = _ids(data, ids, Store.DORMANT), _ids(data, ids, Store.RETAINED)
    found: dict[bytes, Known] = {}
    for digest in digests:
        if digest not in origins:
            found[digest] = Known(uuid4(), State.NEW)
            continue
        member_id, left_at = origins[digest]
        if left_at is not None or member_id in kept or member_id not in wrapped:
            found[digest] = Known(member_id, State.LEFT)
        elif member_id in live:
            found[digest] = Known(member_id, State.LIVE, wrapped[member_id])
        else:
            state = State.ASLEEP if member_id in asleep else State.UNFINISHED
            found[digest] = Known(member_id, state)
    return found


def _origins(
    keys: Connection, source: str, digests: Iterable[bytes]
) -> dict[bytes, tuple[UUID, datetime | None]]:
    table = keys_tables.import_origin
    query = select(table.c.digest, table.c.member_id, table.c.left_at).where(
        table.c.source == source, table.c.digest.in_(list(digests))
    )
    return {bytes(row.digest): (row.member_id, row.left_at) for row in keys.execute(query)}


def _keys(keys: Connection, ids: Sequence[UUID]) -> dict[UUID, bytes]:
    table = keys_tables.member_key
    query = select(table.c.member_id, table.c.wrapped).where(table.c.member_id.in_(ids))
    return {row.member_id: bytes(row.wrapped) for row in keys.execute(query)}


def _ids(data: Connection, ids: Sequence[UUID], store: Store) -> set[UUID]:
    table = STORES[store].member
    query = select(table.c.member_id).where(table.c.member_id.in_(ids))
    if table is LIVE.member:
        query = query.order_by(table.c.member_id).with_for_update()
    return set(data.scalars(query))
