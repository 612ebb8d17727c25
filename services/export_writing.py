"""Writes a copy to the disk, sealed under a fresh key, for as long as somebody wants it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, BinaryIO, Final, cast
from uuid import UUID

from sqlalchemy import delete, insert, update

from db import sealed_file
from db.tables.exports import export
from db.tables.keys import export_key
from db.words import ActorKind, ExportState, Store
from services import archive, export_place
from services.export_order import Interrupted, TooLarge, Unwanted, named
from services.exports import order_of
from services.relations import as_subject

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from db.sealed_file import Sink
    from services.export_order import Key, Order, Workshop

EVERY: Final = 0.5
"""Seconds between two looks at whether it is still wanted."""
_BOTH: Final = UUID(int=0)
"""For whom a copy is made that a guardian and the child may take: what one of them alone may be
told stands in none."""


def written(shop: Workshop, data: Connection, order: Order) -> Sink:
    """Write the whole file under a fresh key, and return what is known of it."""
    as_subject(data, order.key[0])
    wanted = order_of(order.row)
    guardian = order.row.actor_id if order.row.actor_kind == ActorKind.GUARDIAN else None
    if order.row.guardian_id is not None:
        guardian = _BOTH
    source = archive.Source(
        data, order.tables, order.key[0], order.sealer, order.now, shop.signer, guardian
    )
    total = archive.count(source, wanted)
    if shop.most is not None and total > shop.most:
        raise TooLarge
    _tell_total(shop, order, total)
    secret = _fresh_key(shop, order)
    path = export_place.path(shop.folder, order.row.file)
    with sealed_file.writing(path, secret, order.key[1]) as sink:
        archive.write(source, wanted, cast("BinaryIO", sink), _Progress(shop, order.key))
    return sink


def _tell_total(shop: Workshop, order: Order, total: int) -> None:
    with shop.house.databases.data.begin() as data:
        told = update(export).where(named(order.key, ExportState.RUNNING)).values(rows_total=total)
        if not data.execute(told).rowcount:
            raise Unwanted


def _fresh_key(shop: Workshop, order: Order) -> bytes:
    """Return a key that seals this file and no other, after its wrap is stored."""
    member_id, export_id = order.key
    secret, wrapped = shop.house.keyring.new_key(Store.LIVE, export_id)
    with shop.house.databases.keys.begin() as keys:
        keys.execute(delete(export_key).where(export_key.c.export_id == export_id))
        keys.execute(
            insert(export_key).values(
                export_id=export_id, member_id=member_id, wrapped=wrapped, created_at=order.now
            )
        )
    return secret


class _Progress:
    """Hears how many rows are done; says so in the row at times, and stops what nobody wants."""

    def __init__(self, shop: Workshop, key: Key) -> None:
        self._shop, self._key, self._next = shop, key, 0.0

    def __call__(self, rows: int) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + EVERY
        if self._shop.stops():
            raise Interrupted
        with self._shop.house.databases.data.begin() as data:
            mine = named(self._key, ExportState.RUNNING)
            told = update(export).where(mine).values(rows_done=rows)
            if not data.execute(told).rowcount:
                raise Unwanted
