"""Brings restored rows and the keys together: where they differ, the keys of today are right.

The keys' database is never older than the last destruction, whatever backup of the data was put
back. So a member without a key is gone, and a member's rows belong where the key says. Only where
the keys come from a backup, too, does the journal know better. Everything goes in batches, in the
order of ids, so that memory stays flat.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from db.sealing import SealError
from db.tables import keys as keys_tables
from db.tables.member import STORES
from db.words import Store
from services import moving, outbox, replay
from services.destroying_members import certify
from services.found_by import refresh

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Column, Connection, Engine

    from services.house import House

_BATCH: Final = 5_000
_KEY: Final = keys_tables.member_key


@dataclass
class Differences:
    """How many members were found otherwise than the keys say, and what became of them."""

    members: int = 0
    gone: int = 0
    """Whose key was destroyed: their rows are, too."""
    left: int = 0
    """Who left, and of whom nothing is there that their key of today opens."""
    woken: int = 0
    """Whose rows went back to the live store."""
    keys_moved: int = 0
    """Whose key followed the rows."""
    rows_lost: int = 0
    """Whose key is there without any row: they joined after the backup."""


def nobody_known(house: House) -> bool:
    """Return whether there are members and none of them has a key: these aren't their keys."""
    found = False
    for members in _batches(house.databases.data, *(STORES[s].member.c.member_id for s in Store)):
        found = True
        with house.databases.keys.connect() as keys:
            if _stores(keys, members):
                return False
    return found


def run(house: House, now: datetime, *, keys_older: bool) -> Differences:
    """Do it for every member; a second time changes nothing.

    `keys_older`: the keys were restored, so that those of whoever moved since follow the rows.
    """
    found = Differences()
    moving.finish(house, now)
    for store in Store:
        for members in _batches(house.databases.data, STORES[store].member.c.member_id):
            _settle(house, store, members, found, now)
            _follow_keys(house, store, members, found, now, keys_older=keys_older)
    for members in _batches(house.databases.keys, _KEY.c.member_id):
        _count_lost(house, members, found)
    return found


def _count_lost(house: House, members: list[UUID], found: Differences) -> None:
    """Count the keys without rows."""
    with house.databases.data.connect() as data, house.databases.keys.connect() as keys:
        there = {one for store in Store for one in _there(data, store, members)}
        stores = [store for one, store in _stores(keys, members).items() if one not in there]
    found.left += stores.count(Store.RETAINED)
    found.rows_lost += len(stores) - stores.count(Store.RETAINED)


def follow(house: House, members: Iterable[UUID], now: datetime) -> None:
    """Let members be found by the values that they have now."""
    with house.databases.data.begin() as data, house.databases.keys.begin() as keys:
        for member_id in sorted(members):
            try:
                store, sealer = outbox.sealer_of(keys, house.keyring, member_id)
            except outbox.NoKeyError:
                continue
            if store is Store.LIVE:
                with suppress(SealError):
                    refresh(data, keys, house.keyring, (member_id, sealer), now)


def _batches(engine: Engine, *columns: Column[UUID]) -> Iterator[list[UUID]]:
    """Give the ids of one column after the other, a batch at a time."""
    for column in columns:
        last: UUID | None = None
        while True:
            query = select(column).order_by(column).limit(_BATCH)
            with engine.connect() as connection:
                some = connection.scalars(query.where(column > last) if last else query).all()
            if not some:
                break
            yield list(some)
            last = some[-1]


def _there(data: Connection, store: Store, members: Sequence[UUID]) -> Sequence[UUID]:
    column = STORES[store].member.c.member_id
    return data.scalars(select(column).where(column.in_(members))).all()


def _stores(keys: Connection, members: Sequence[UUID]) -> dict[UUID, Store]:
    """Return the store of each member's key."""
    held = keys.execute(select(_KEY.c.member_id, _KEY.c.store).where(_KEY.c.member_id.in_(members)))
    return {row.member_id: Store(row.store) for row in held}


def _settle(
    house: House, store: Store, members: list[UUID], found: Differences, now: datetime
) -> None:
    """Remove the rows of whoever has no key for them; their certificates say so from now on."""
    with house.databases.data.begin() as data, house.databases.keys.begin() as keys:
        known = _stores(keys, members)
        gone = [one for one in members if one not in known]
        # What is sealed under the key from before is nothing any more, wherever it lies.
        left = [] if store is Store.RETAINED else _in(known, Store.RETAINED)
        if gone or left:
            replay.forget(data, keys, [*gone, *left])
            certify(data, gone, now)
        found.gone += len(gone)
        found.members += len(members) - len(gone) - len(left)


def _follow_keys(
    house: House, store: Store, members: list[UUID], found: Differences, now: datetime,
    *, keys_older: bool,
) -> None:  # fmt: skip
    """Let rows and key of whoever sleeps, or doesn't, be in one store."""
    with house.databases.data.begin() as data, house.databases.keys.begin() as keys:
        known = _stores(keys, members)
        if store is Store.LIVE:
            # Nobody sleeps without the notice it rests on (P10), so the key comes back instead.
            asleep = _in(known, Store.DORMANT)
            found.keys_moved += _move(house, keys, asleep, (Store.DORMANT, store), now)
        elif store is Store.DORMANT and keys_older:
            awake = _in(known, Store.LIVE)
            found.keys_moved += _move(house, keys, awake, (Store.LIVE, store), now)
        elif store is Store.DORMANT:
            for one in _in(known, Store.LIVE):
                replay.awake(data, one)
                found.woken += 1


def _in(known: dict[UUID, Store], store: Store) -> list[UUID]:
    return [one for one, there in known.items() if there is store]


def _move(
    house: House, keys: Connection, members: list[UUID], way: tuple[Store, Store], now: datetime
) -> int:
    moved = moving.rewrap(keys, house.keyring, members, *way)
    moving.settle(keys, moved, way[1], now)
    return len(moved)
