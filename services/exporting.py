"""Makes the copies that members asked for: the worker's side of `services.exports` (clause 9).

One consistent snapshot, streamed through compression and sealing to the disk. While it is made, an
advisory lock of the snapshot's transaction says so: it goes with the process, so that what a dead
worker left is started over by whoever comes next. The row says `done` only when the whole file
stands in its place; nothing else is ever handed out.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from db.clock import seoul_day
from db.tables.exports import export
from db.tables.member import DORMANT, LIVE
from db.words import ExportFailure, ExportState, Store
from services import (
    export_ending,
    export_place,
    export_telling,
    export_writing,
    jobs,
    ledger,
    outbox,
)
from services.export_order import (
    Interrupted,
    Key,
    Order,
    TooLarge,
    Unwanted,
    Workshop,
    holds,
    named,
    number_of,
)
from services.exports import WAITING
from services.ledger import EventName

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from db.sealed_file import Sink

KEPT: Final = timedelta(days=7)
"""How long a file waits to be taken, after the day on which it was made."""
MOST_ATTEMPTS: Final = 5
"""After so many deaths on the way it is given up, and the member is told so."""
SMALL: Final = 20_000
"""Rows that take a second or two: such a copy is made at once, beside whatever else runs."""
_QUICK: Final = timedelta(seconds=5)
"""Who waited no longer is told by the page alone."""


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


def _begin(shop: Workshop, key: Key, now: datetime) -> Row[Any] | None:
    """Note that it is being made, under which name; None when nobody waits for it any more."""
    with shop.house.databases.data.begin() as data:
        values = {
            "state": ExportState.RUNNING, "started_at": now, "rows_done": 0, "rows_total": None,
            "attempts": export.c.attempts + 1,
            "file": func.coalesce(export.c.file, export_place.new_name()),
        }  # fmt: skip
        begun = update(export).where(named(key, *WAITING)).values(values).returning(export)
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
    data.execute(update(export).where(named(key, ExportState.RUNNING)).values(values))
    jobs.defer(data, jobs.LARGE_EXPORT, member_id=str(key[0]), export_id=str(key[1]))


def _fail(data: Connection, key: Key, why: ExportFailure, at: datetime) -> None:
    values = {"state": ExportState.FAILED, "why": why, "finished_at": at}
    data.execute(update(export).where(named(key, *WAITING)).values(values))


def _taken_up(
    shop: Workshop, data: Connection, key: Key, row: Row[Any], since: tuple[datetime, float]
) -> Order | None:
    """Find where the member's rows are in this snapshot, and their key; None: they have left."""
    tables = next((t for t in (LIVE, DORMANT) if holds(data, t, key[0])), None)
    with shop.house.databases.keys.connect() as keys:
        try:
            store, sealer = outbox.sealer_of(keys, shop.house.keyring, key[0])
        except outbox.NoKeyError:
            store, sealer = None, None
    if tables is None or store is Store.RETAINED:
        with shop.house.databases.data.begin() as other:
            export_ending.leave(other, key[0])
        return None
    return Order(key, row, *since, tables, sealer)


def _made(shop: Workshop, data: Connection, order: Order) -> bool:
    """Write the file, then let the row say how it ended."""
    done = False
    try:
        written = export_writing.written(shop, data, order)
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


def _failed(shop: Workshop, order: Order, why: ExportFailure) -> None:
    with shop.house.databases.data.begin() as data:
        _fail(data, order.key, why, order.at())


def _finish(data: Connection, shop: Workshop, order: Order, written: Sink) -> bool:
    """Let it be taken from now on, unless nobody wants it, or may have it, any more."""
    at = order.at()
    values = {
        "state": ExportState.DONE, "finished_at": at, "size": written.size,
        "sha256": written.sha256, "ends_on": seoul_day(at + KEPT),
    }  # fmt: skip
    done = update(export).where(named(order.key, ExportState.RUNNING)).values(values)
    row = data.execute(done.returning(export)).one_or_none()  # somebody may have let go meanwhile
    if row is None:
        return False
    if export_ending.over(data, at, only=order.key[1]):  # the child turned 14 meanwhile
        return False
    ledger.note(data, ledger.Entry(EventName.EXPORT_MADE, order.key[0]), at)
    if at - row.asked_at > _QUICK:
        export_telling.tell(data, shop.house, row, seoul_day(at + KEPT).isoformat(), at)
    return True


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
        export_telling.tell_unseen(data, shop.house, now)
        export_ending.forget_old(data, now)
    export_ending.keyless(shop.house)
    export_ending.destroy(shop.house, shop.folder, now)
    export_ending.remove_strays(shop.house, shop.folder)
