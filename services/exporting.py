"""Makes the copies that members asked for: the worker's side of `services.exports` (clause 9).

One consistent snapshot, streamed through compression and sealing to the disk. While it is made, an
advisory lock of the snapshot's transaction says so: it goes with the process, so that what a dead
worker left is started over by whoever comes next. The row says `done` only when the whole file
stands in its place; nothing else is ever handed out.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast
from uuid import UUID

from sqlalchemy import and_, delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from db import sealed_file
from db.clock import seoul_day
from db.tables.exports import export
from db.tables.keys import export_key
from db.tables.member import DORMANT, LIVE
from db.words import ActorKind, ExportFailure, ExportState, Store
from services import archive, export_ending, export_place, jobs, ledger, notify, outbox
from services.access import as_subject
from services.exports import WAITING, order_of
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import ColumnElement, Connection, Row

    from db.seal_keys import Signer
    from db.sealed_file import Sink
    from db.sealing import Sealer
    from db.tables.member import MemberTables
    from services.house import House
    from services.language import Language

Key = tuple[UUID, UUID]
"""Whose copy, and which."""
KEPT: Final = timedelta(days=7)
"""How long a file waits to be taken, after the day on which it was made."""
MOST_ATTEMPTS: Final = 5
"""After so many deaths on the way it is given up, and the member is told so."""
SMALL: Final = 20_000
"""Rows that take a second or two: such a copy is made at once, beside whatever else runs."""
EVERY: Final = 0.5
"""Seconds between two looks at whether it is still wanted."""
_QUICK: Final = timedelta(seconds=5)
"""Who waited no longer is told by the page alone."""
_READY: Final = "export_ready"
_BOTH: Final = UUID(int=0)
"""For whom a copy is made that a guardian and the child may take: what one of them alone may be
told stands in none."""


class Unwanted(Exception):  # noqa: N818 (nothing went wrong: somebody changed their mind)
    """It was cancelled, or its member has left, while it was made."""


class Interrupted(Exception):  # noqa: N818 (nothing went wrong: the worker is told to stop)
    """The worker stops; the next one starts over."""


class TooLarge(Exception):  # noqa: N818 (nothing went wrong: it waits among the long work)
    """It has more rows than this lane makes at once."""


@dataclass(frozen=True)
class Workshop:
    """What making needs: databases and keys, where files are kept, what signs, when to stop.

    `most`: the rows of the largest copy that is made here; a larger one is put off to the long
    work, so that nobody's small one waits for it.
    """

    house: House
    folder: Path
    signer: Signer
    stops: Callable[[], bool] = field(default=lambda: False)
    most: int | None = None


@dataclass(frozen=True)
class _Order:
    """One order in hand: its row, since when, and what it is made of."""

    key: Key
    row: Row[Any] = field(repr=False)
    now: datetime
    began: float
    tables: MemberTables
    sealer: Sealer | None = field(repr=False)

    def at(self) -> datetime:
        """Return the instant, moving on: only the edge reads the clock."""
        return self.now + timedelta(seconds=time.monotonic() - self.began)


def make(shop: Workshop, key: Key, now: datetime) -> bool:
    """Make one copy; return whether it is ready to be taken now. Twice changes nothing.

    Raise what went wrong, after the row says so in a word; a failing database is tried again.
    """
    try:
        return _make(shop, key, now)
    except TooLarge:  # only now: until here our lock said that somebody is making it
        with shop.house.databases.data.begin() as data:
            _put_off(data, key)
        return False


def _make(shop: Workshop, key: Key, now: datetime) -> bool:
    began = time.monotonic()
    snapshot = shop.house.databases.data.execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )
    with snapshot.begin() as data:
        if not data.scalar(select(func.pg_try_advisory_xact_lock(number_of(key[1])))):
            return False  # somebody is making it
        row = _begin(shop, key, now)
        order = _taken_up(shop, data, key, row, (now, began)) if row else None
        if order is None:
            export_ending.destroy(shop.house, shop.folder, now, only=key[1])
            return False
        return _made(shop, data, order)


def number_of(export_id: UUID) -> int:
    """Return what stands for it among advisory locks."""
    return int.from_bytes(export_id.bytes[:8], signed=True)


def _is(key: Key, *states: ExportState) -> ColumnElement[bool]:
    mine = and_(export.c.member_id == key[0], export.c.export_id == key[1])
    return and_(mine, export.c.state.in_(states)) if states else mine


def _begin(shop: Workshop, key: Key, now: datetime) -> Row[Any] | None:
    """Note that it is being made, under which name; None when nobody waits for it any more."""
    with shop.house.databases.data.begin() as data:
        values = {
            "state": ExportState.RUNNING, "started_at": now, "rows_done": 0, "rows_total": None,
            "attempts": export.c.attempts + 1,
            "file": func.coalesce(export.c.file, export_place.new_name()),
        }  # fmt: skip
        begun = update(export).where(_is(key, *WAITING)).values(values).returning(export)
        row = data.execute(begun).one_or_none()
        if row is None or row.attempts <= MOST_ATTEMPTS:
            return row
        _fail(data, key, ExportFailure.TROUBLE, now)
        return None


def _put_off(data: Connection, key: Key) -> None:
    """Let it wait for the lane of long work, as if this lane had never begun it."""
    values = {
        "state": ExportState.ASKED, "started_at": None, "attempts": export.c.attempts - 1,
    }  # fmt: skip
    data.execute(update(export).where(_is(key, ExportState.RUNNING)).values(values))
    jobs.defer(data, jobs.LARGE_EXPORT, member_id=str(key[0]), export_id=str(key[1]))


def _fail(data: Connection, key: Key, why: ExportFailure, at: datetime) -> None:
    values = {"state": ExportState.FAILED, "why": why, "finished_at": at}
    data.execute(update(export).where(_is(key, *WAITING)).values(values))


def _taken_up(
    shop: Workshop, data: Connection, key: Key, row: Row[Any], since: tuple[datetime, float]
) -> _Order | None:
    """Find where the member's rows are in this snapshot, and their key; None: they have left."""
    tables = next((t for t in (LIVE, DORMANT) if _holds(data, t, key[0])), None)
    with shop.house.databases.keys.connect() as keys:
        try:
            store, sealer = outbox.sealer_of(keys, shop.house.keyring, key[0])
        except outbox.NoKeyError:
            store, sealer = None, None
    if tables is None or store is Store.RETAINED:
        with shop.house.databases.data.begin() as other:
            export_ending.leave(other, key[0])
        return None
    return _Order(key, row, *since, tables, sealer)


def _holds(data: Connection, tables: MemberTables, member_id: UUID) -> bool:
    own = tables.member.c.member_id
    return data.scalar(select(own).where(own == member_id)) is not None


def _made(shop: Workshop, data: Connection, order: _Order) -> bool:
    """Write the file, then let the row say how it ended."""
    done = False
    try:
        written = _written(shop, data, order)
        with shop.house.databases.data.begin() as other:
            done = _finish(other, shop, order, written)
    except (Unwanted, Interrupted):
        pass
    except TooLarge:
        raise
    except DBAPIError:
        raise
    except OSError:  # the disk is full or away; said on the page, with a button to try again
        _failed(shop, order, ExportFailure.STORAGE)
    except Exception:
        _failed(shop, order, ExportFailure.TROUBLE)
        raise
    finally:
        if not done:
            export_ending.destroy(shop.house, shop.folder, order.at(), only=order.key[1])
    return done


def _failed(shop: Workshop, order: _Order, why: ExportFailure) -> None:
    with shop.house.databases.data.begin() as data:
        _fail(data, order.key, why, order.at())


def _written(shop: Workshop, data: Connection, order: _Order) -> Sink:
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


def _tell_total(shop: Workshop, order: _Order, total: int) -> None:
    with shop.house.databases.data.begin() as data:
        told = update(export).where(_is(order.key, ExportState.RUNNING)).values(rows_total=total)
        if not data.execute(told).rowcount:
            raise Unwanted


def _fresh_key(shop: Workshop, order: _Order) -> bytes:
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
            told = update(export).where(_is(self._key, ExportState.RUNNING)).values(rows_done=rows)
            if not data.execute(told).rowcount:
                raise Unwanted


def _finish(data: Connection, shop: Workshop, order: _Order, written: Sink) -> bool:
    """Let it be taken from now on, unless nobody wants it, or may have it, any more."""
    at = order.at()
    values = {
        "state": ExportState.DONE, "finished_at": at, "size": written.size,
        "sha256": written.sha256, "ends_on": seoul_day(at + KEPT),
    }  # fmt: skip
    done = update(export).where(_is(order.key, ExportState.RUNNING)).values(values)
    if not data.execute(done).rowcount:
        return False
    if export_ending.over(data, at, only=order.key[1]):  # the child turned 14 meanwhile
        return False
    ledger.note(data, ledger.Entry(EventName.EXPORT_MADE, order.key[0]), at)
    if at - order.row.asked_at > _QUICK:
        _tell(data, shop.house, order.row, seoul_day(at + KEPT).isoformat(), at)
    return True


def _tell(data: Connection, house: House, row: Row[Any], until: str, now: datetime) -> None:
    """Write to who asked that it is ready: no value, nothing attached, a page to come to."""
    who = row.guardian_id or row.actor_id
    tables = next((t for t in (LIVE, DORMANT) if _holds(data, t, who)), None)
    with house.databases.keys.connect() as keys:
        try:
            _store, sealer = outbox.sealer_of(keys, house.keyring, who)
        except outbox.NoKeyError:
            return  # nothing of theirs opens: neither would their address
    if tables is not None:
        language: Language = "en" if row.language == "en" else "ko"
        about = f"{_READY}:{row.export_id}"
        message = outbox.Message(_READY, "email", language, {"until": until}, key=about)
        notify.write(data, tables, (who, sealer), message, now)


def start_over(data: Connection, before: datetime) -> int:
    """Put into the queue what was asked for `before` and is not done; return how many.

    What a worker has in hand is left alone by whoever takes the job.
    """
    waiting = data.execute(
        select(export.c.member_id, export.c.export_id).where(
            export.c.state.in_(WAITING), export.c.asked_at < before
        )
    ).all()
    arguments: list[dict[str, object]] = [
        {"member_id": str(who), "export_id": str(which)} for who, which in waiting
    ]
    jobs.defer_many(data, jobs.EXPORT, arguments)
    return len(arguments)


def run(shop: Workshop, now: datetime) -> None:
    """Do what falls due by itself, every hour: start over, tell, let end, destroy, sweep."""
    with shop.house.databases.data.begin() as data:
        start_over(data, now - timedelta(minutes=1))
        export_ending.over(data, now)
        _tell_unseen(data, shop.house, now)
        export_ending.forget_old(data, now)
    export_ending.keyless(shop.house)
    export_ending.destroy(shop.house, shop.folder, now)
    export_ending.remove_strays(shop.house, shop.folder)


def _tell_unseen(data: Connection, house: House, now: datetime) -> None:
    """Write to who left the page before it was ready, once."""
    unseen = (
        export.c.state == ExportState.DONE,
        export.c.seen_at.is_(None),
        export.c.finished_at < now - timedelta(minutes=1),
    )
    for row in data.execute(select(export).where(*unseen)).all():
        _tell(data, house, row, row.ends_on.isoformat(), now)
