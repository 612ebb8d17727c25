"""Wraps every member's key anew, under a fresh key of its store; values are not touched.

Each store's fresh key lies beside the present one until every member's key is wrapped by it and the
keys are backed up like that; then it takes the other's place, of which nothing stays. Until then
nothing opens, since each key opens with one of the two only. Killed at any point and run again, it
goes on with the same fresh keys and ends the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, text, update

from db import backup_keys, engines, keyring, sealing
from db.errors import PortalError
from db.tables.keys import case_key, export_key, member_key, report_key
from db.words import N_, Store
from services import backup, destroying_keys, journal_file, ledger, moving
from services.house import House
from services.ledger import EventName
from services.restore_checks import nobody_at_work

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from sqlalchemy import Engine, Row, Table

    from db.engines import Addresses
    from db.settings import Settings

_BATCH: Final = 5_000
_ALONE: Final = text("select pg_try_advisory_lock(7251109)")
_KEY: Final = member_key
_OTHERS: Final = (export_key, case_key, report_key)
"""Keys that the portal opens with the key of the live store, each its own row's."""
_REWRAP: Final = (
    update(_KEY)
    .where(_KEY.c.member_id == moving.WRAPS.c.member_id)
    .values(wrapped=moving.WRAPS.c.wrapped)
)


class RotatingError(PortalError):
    """The keys can't be changed now."""


@dataclass
class Rotated:
    """How many keys are wrapped anew, and how many open with no key that there is."""

    keys: int = 0
    broken: int = 0


def run(addresses: Addresses, settings: Settings, now: datetime) -> Rotated:
    """Do it for every store. Raise a `PortalError` while portal or worker run."""
    nobody_at_work(addresses)
    journal_file.open_in(settings.var)
    databases = engines.connect(addresses.roles["portal_work"])
    try:
        return _run(addresses, databases, settings, now)
    finally:
        databases.dispose()


def _run(
    addresses: Addresses, databases: engines.Databases, settings: Settings, now: datetime
) -> Rotated:
    folder, done = settings.var / "keys", Rotated()
    with databases.keys.connect() as alone:
        if not alone.scalar(_ALONE):
            raise RotatingError(N_("The keys are being changed by another process."))
        # No key waits for its move with a second wrap: it would be under an old key.
        moving.finish(House(databases, keyring.Keyring({}, b"")), now)
        for store in Store:
            keyring.private_file(keyring.fresh(folder, store), sealing.new_key())
            _rewrap(databases.keys, store, _pair(folder, store), done)
        for table in _OTHERS:
            _rewrap_others(databases.keys, table, _pair(folder, Store.LIVE), done)
        backup_keys.create(folder)
        key = backup_keys.load(folder)
        backup.back_up_keys(addresses.owner[1], settings, key, now)
        with databases.data.begin() as data:
            ledger.note(data, ledger.Entry(EventName.KEYS_ROTATED, None), now)
        for store in Store:
            keyring.take_over(folder, store)
    destroying_keys.erase_keys(databases)
    return done


@dataclass(frozen=True)
class _Pair:
    """A store's key of before and its fresh one."""

    old: bytes
    new: bytes

    def wrap(self, row: Row[Any, Any]) -> bytes | None:
        """Return the key wrapped anew; None when it is so already. Raise `SealError`."""
        try:
            sealing.unwrap(self.new, row.member_id, row.wrapped)
        except sealing.SealError:
            return sealing.wrap(
                self.new, row.member_id, sealing.unwrap(self.old, row.member_id, row.wrapped)
            )
        return None


def _pair(folder: Path, store: Store) -> _Pair:
    return _Pair(keyring.read(folder / f"{store}.key"), keyring.read(keyring.fresh(folder, store)))


def _rewrap(keys: Engine, store: Store, pair: _Pair, done: Rotated) -> None:
    for rows in _batches(keys, store):
        wraps: dict[UUID, bytes] = {}
        for row in rows:
            try:
                wrapped = pair.wrap(row)
            except sealing.SealError:
                done.broken += 1
                continue
            done.keys += 1
            if wrapped is not None:
                wraps[row.member_id] = wrapped
        if wraps:
            with keys.begin() as connection:
                given = {"members": list(wraps), "wraps": list(wraps.values())}
                connection.execute(_REWRAP, given)


def _rewrap_others(keys: Engine, table: Table, pair: _Pair, done: Rotated) -> None:
    """Wrap keys of files and cases anew, which the portal opens: they are few, and soon gone."""
    owner = table.primary_key.columns[0]
    with keys.begin() as connection:
        for row in connection.execute(select(owner.label("member_id"), table.c.wrapped)).all():
            try:
                wrapped = pair.wrap(row)
            except sealing.SealError:
                done.broken += 1
                continue
            done.keys += 1
            if wrapped is not None:
                new = update(table).where(owner == row.member_id).values(wrapped=wrapped)
                connection.execute(new)


def _batches(keys: Engine, store: Store) -> Iterator[Sequence[Row[Any, Any]]]:
    """Give the keys of a store, a batch at a time, in the order of ids."""
    query = select(_KEY.c.member_id, _KEY.c.wrapped).where(_KEY.c.store == store)
    query, last = query.order_by(_KEY.c.member_id).limit(_BATCH), None
    while True:
        with keys.connect() as connection:
            later = query if last is None else query.where(_KEY.c.member_id > last)
            rows = connection.execute(later).all()
        if not rows:
            return
        yield rows
        last = rows[-1].member_id
