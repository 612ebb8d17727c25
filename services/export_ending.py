"""Ends copies that members asked for: file and key, with a record (clause 4; P13).

What ends is first a word in the row, in whichever transaction decides it; from then on nothing of
it is handed out. Here the key goes, then the file, then the row says so: killed anywhere, the next
run does the rest.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, update

from db.clock import seoul_day
from db.tables.exports import export
from db.tables.keys import export_key
from db.tables.member import DORMANT, LIVE
from db.words import DestructionMethod, ExportState, Store
from services import export_place, export_whose, ledger
from services.destroying_rows import EXPORTS, Batch, day_run, record
from services.exports import HERE
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection, Row

    from services.house import House

_RUNS: Final = UUID("1d6b7b5e-5a0c-4f2e-8a57-0f4b0a7d7c23")
"""Names the run of a day: all copies that end on it are in one record."""
_REMEMBERED: Final = timedelta(days=30)
"""How long the page can say what became of the last one."""


def over(data: Connection, now: datetime, only: UUID | None = None) -> int:
    """Let end what is past its last day, and what a guardian may not have any more."""
    today = seoul_day(now)
    who = func.coalesce(export.c.guardian_id, export.c.actor_id)
    stopped = and_(export_whose.guardians_alone(), ~export_whose.guarded(who, today))
    due = or_(export.c.ends_on < today, stopped)
    ended = (
        update(export)
        .where(export.c.state.in_(HERE), due, *((export.c.export_id == only,) if only else ()))
        .values(state=ExportState.DESTROYED)
        .returning(export.c.member_id)
    )
    members = data.scalars(ended).all()
    for member_id in members:
        ledger.note(data, ledger.Entry(EventName.EXPORT_DESTROYED, member_id), now)
    return len(members)


def keyless(house: House) -> int:
    """Let end what nothing opens any more, as after a restore of older rows; return how many."""
    done = select(export.c.export_id).where(export.c.state == ExportState.DONE)
    with house.databases.data.connect() as data:
        there = set(data.scalars(done))
    with house.databases.keys.connect() as keys:
        opened = set(keys.scalars(select(export_key.c.export_id)))
    lost = there - opened
    if lost:
        with house.databases.data.begin() as data:
            mine = export.c.export_id.in_(lost)
            data.execute(update(export).where(mine).values(state=ExportState.DESTROYED))
    return len(lost)


def forget_old(data: Connection, now: datetime) -> None:
    """Let go the rows of copies of which nothing is left, when nobody asks about them any more."""
    old = (
        export.c.state.not_in(HERE),
        export.c.file.is_(None),
        export.c.asked_at < now - _REMEMBERED,
    )
    data.execute(delete(export).where(*old))


def leave(data: Connection, member_id: UUID) -> None:
    """Let end what a leaver asked for or was asked of them, in the transaction that leaves."""
    mine = export.c.member_id == member_id
    data.execute(
        update(export).where(mine, export.c.state.in_(HERE)).values(state=ExportState.DESTROYED)
    )
    data.execute(delete(export).where(mine, export.c.file.is_(None)))


def destroy(house: House, folder: Path, now: datetime, only: UUID | None = None) -> int:
    """Destroy files and keys of what has ended (`only`: of one copy); return how many.

    A file that can't be reached is tried again with the next run; its key is gone by then.
    """
    ended = (export.c.file.is_not(None), export.c.state.not_in(HERE))
    which = (export.c.export_id == only,) if only else ()
    with house.databases.data.connect() as data:
        found = data.execute(select(export).where(*ended, *which)).all()
    forget(house, [row.export_id for row in found])
    return sum(_destroyed(house, folder, row, now) for row in found)


def forget(house: House, exports: Sequence[UUID]) -> None:
    """Destroy the keys: what is on disk can't be read from here on."""
    if exports:
        with house.databases.keys.begin() as keys:
            keys.execute(delete(export_key).where(export_key.c.export_id.in_(exports)))


def _destroyed(house: House, folder: Path, row: Row[Any], now: datetime) -> bool:
    try:
        export_place.remove(folder, row.file)
    except OSError:
        return False
    mine = (
        export.c.member_id == row.member_id,
        export.c.export_id == row.export_id,
        export.c.file == row.file,
    )
    with house.databases.data.begin() as data:
        gone = update(export).where(*mine).values(file=None, sha256=None, destroyed_at=now)
        if not data.execute(gone).rowcount:
            return False
        run_id = day_run(data, _RUNS, now)
        store = _store(data, row.member_id)
        what = (store or Store.RETAINED, EXPORTS, "")
        record(data, Batch(run_id, now, 0), what, 1, method=DestructionMethod.FILE_AND_KEY)
        if store is None:  # they have left: nothing stays of what they asked for
            data.execute(delete(export).where(export.c.export_id == row.export_id))
    return True


def _store(data: Connection, member_id: UUID) -> Store | None:
    for tables in (LIVE, DORMANT):
        own = tables.member.c.member_id
        if data.scalar(select(own).where(own == member_id)) is not None:
            return tables.store
    return None


def remove_strays(house: House, folder: Path) -> int:
    """Remove files that no row knows; return how many. A row is there before its file is."""
    there = set(export_place.names(folder))
    if not there:
        return 0
    with house.databases.data.connect() as data:
        known = set(data.scalars(select(export.c.file).where(export.c.file.in_(there))))
    for name in there - known:
        export_place.remove(folder, name)
    return len(there - known)
