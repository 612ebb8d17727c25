"""Does again, in restored data, what the journal says was done since the backup, in order of time.

Whatever is done twice ends the same, and nothing depends on how far an earlier attempt came: each
attempt begins with the backup. An entry is left out when the data knows it already, when it is
about somebody who joined after the backup, or when it may never have happened and would not protect
the member (`replay_row`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError, IntegrityError

from db.clock import seoul_day
from db.tables import keys as keys_tables
from db.tables import moves, ops
from db.tables.cases import case_paper, case_step
from db.tables.keeping import journal as journal_rows_table
from db.tables.keeping import key_due, overdue_import
from db.tables.keys import case_key, export_key
from db.tables.member import LIVE
from db.words import Noted, Store
from services import (
    destruction,
    export_ending,
    journal_file,
    moving,
    replay_bars,
    replay_row,
    staff_changes,
)
from services.destroying_members import certify, purge
from services.journal import Entry
from services.replay_row import Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from services.house import House
    from services.journal_file import Journal, Place

_BATCH: Final = 200
_EARLIER: Final = timedelta(days=1)
"""An entry may be this much older than the backup that doesn't have it: its run began before."""
_CHANGES_WHAT_IS_DUE: Final = frozenset({Noted.HELD, Noted.HOLD_LIFTED, Noted.IMPORT_CONFIRMED})
_OF_NOBODY: Final = (
    _CHANGES_WHAT_IS_DUE
    | replay_bars.KINDS
    | {Noted.DESTROYED, Noted.BACKED_UP, Noted.WITHDRAWN, Noted.STAFF_CHANGED, Noted.REPORTED}
)
"""What is done whether or not the restored data knows a member."""
_CARRIES: Final = frozenset({
    Noted.CLEARED, Noted.CORRECTED, Noted.CONSENT, Noted.RESTRICTED, Noted.REQUESTED,
    Noted.DISCLOSED, Noted.TOLD, Noted.HELD, Noted.HOLD_LIFTED, Noted.STAFF_CHANGED,
    Noted.REPORTED,
})  # fmt: skip
"""What can't be done without the rows that it carried."""


@dataclass
class Done:
    """What was done again, by kind, and what was not."""

    again: Counter[Noted] = field(default_factory=Counter)
    unknown: int = 0
    """About members who are not in the backup: they joined later, or left before."""
    unsure: int = 0
    """That may never have happened, and were left so."""
    lost: int = 0
    """Rows and entries that could not be put in."""
    kept_lost: int = 0
    """Members who left, and of whom what had to be kept can't be opened any more."""
    found_by: set[UUID] = field(default_factory=set)
    left_out: set[UUID] = field(default_factory=set)
    """Entries that were not sure and were left out altogether."""


def pending(house: House, found: Journal, since: datetime) -> list[tuple[UUID, Place]]:
    """Return the entries that the restored data doesn't know, in the order in which to do them."""
    with house.databases.data.connect() as data:
        known = set(data.scalars(select(journal_rows_table.c.entry_id)))
    new = (
        (entry_id, place)
        for entry_id, place in found.places.items()
        if entry_id not in known | found.undone and place.at >= since - _EARLIER
    )
    return sorted(new, key=lambda one: (one[1].at, str(one[1].path), one[1].order))


def run(house: House, found: Journal, since: datetime, now: datetime) -> Done:
    """Do everything again; destructions as of their own day where holds came or went after it."""
    done, batch = Done(), list[Entry]()
    destroyed_at: datetime | None = None
    for entry in _entries(pending(house, found, since)):
        if destroyed_at is not None and entry.kind in _CHANGES_WHAT_IS_DUE:
            _flush(house, batch, found, done, now)
            destruction.run(house.databases, destroyed_at)
            destroyed_at = None
        destroyed_at = entry.at if entry.kind is Noted.DESTROYED else destroyed_at
        batch.append(entry)
        if len(batch) == _BATCH:
            _flush(house, batch, found, done, now)
    _flush(house, batch, found, done, now)
    return done


def _entries(places: list[tuple[UUID, Place]]) -> Iterator[Entry]:
    return (Entry.from_json(journal_file.entry_at(place)) for _id, place in places)


def _flush(house: House, batch: list[Entry], found: Journal, done: Done, now: datetime) -> None:
    """Do a batch in one transaction, and note that the data knows these entries from now on."""
    if not batch:
        return
    with house.databases.data.begin() as data, house.databases.keys.begin() as keys:
        target = Target(data, keys, house.keyring, replay_row.staff_of(data))
        for entry in batch:
            _one(target, entry, done, now, sure=entry.entry_id in found.done)
        noted = [one.__dict__ | {"detail": _without_rows(one)} for one in batch]
        data.execute(insert(journal_rows_table).on_conflict_do_nothing(), noted)
    done.lost += target.lost
    done.found_by |= target.found_by
    batch.clear()


def _without_rows(entry: Entry) -> dict[str, object]:
    return {name: value for name, value in entry.detail.items() if name != "rows"}


def _one(target: Target, entry: Entry, done: Done, now: datetime, *, sure: bool) -> None:
    store = target.store_of(entry.member_id)
    if store is None and entry.kind not in _OF_NOBODY:
        done.unknown += 1
        return
    try:
        with target.data.begin_nested():
            did = _do(target, entry, store, done, now, sure=sure)
            replay_row.settle_constraints(target.data)
    except (IntegrityError, DataError):
        done.lost += 1
        return
    if did:
        done.again[entry.kind] += 1
    else:
        done.unsure += 1
        done.left_out.add(entry.entry_id)


def _do(
    target: Target, entry: Entry, store: Store | None, done: Done, now: datetime, *, sure: bool
) -> bool:
    """Do one entry; return whether it was done, all of it or what protects the member."""
    if entry.kind is Noted.WITHDRAWN:
        return _withdraw(target, entry, done, now, sure=sure)
    if entry.kind is Noted.SEPARATED:
        return _separate(target, entry, store, sure=sure)
    if entry.kind is Noted.REACTIVATED:
        return _reactivate(target, entry, store, sure=sure)
    if entry.kind in replay_bars.KINDS:
        return replay_bars.do(target, entry, sure=sure)
    if entry.kind is Noted.PASSWORD_SET:
        # The earlier password must not open anything: they set another by a link.
        mine = ops.credential.c.member_id == entry.member_id
        target.data.execute(delete(ops.credential).where(mine))
        return True
    if entry.kind is Noted.IMPORT_CONFIRMED and sure:
        _confirm(target, entry)
    if entry.kind is Noted.STAFF_CHANGED:
        staff_changes.tell_again(target.data, entry.at, entry.detail, target.staff)
    put = replay_row.put_all(target, entry, store, sure=sure)
    if sure and not put and entry.kind in _CARRIES:
        done.lost += 1
    return sure or put or entry.kind is Noted.BACKED_UP


def _confirm(target: Target, entry: Entry) -> None:
    columns = overdue_import.c
    mine = (columns.import_id == UUID(entry.detail["import_id"])) & columns.confirmed_at.is_(None)
    confirmed = update(overdue_import).where(mine).values(confirmed_at=entry.at)
    target.data.execute(confirmed)


def _stores(target: Target, member_id: UUID | None) -> set[str | None]:
    """Return the store of a member's key and the one it moves to; nothing without a key."""
    key = keys_tables.member_key.c
    found = select(key.store, key.next_store).where(key.member_id == member_id)
    return {store for row in target.keys.execute(found) for store in row}


def _separate(target: Target, entry: Entry, store: Store | None, *, sure: bool) -> bool:
    """Keep a member apart again, on the notice that they had."""
    there = sure or Store.DORMANT in _stores(target, entry.member_id)
    if entry.member_id is None or not there:
        return False
    if store is Store.LIVE:
        replay_row.put_all(target, _named(entry), None, sure=True)
        moving.rows(target.data, [entry.member_id], Store.LIVE, Store.DORMANT)
    return True


def _named(entry: Entry) -> Entry:
    """Return an entry with the day that its notice named: those of before don't carry it."""
    groups = entry.detail.get("rows", [])
    if all("sleeps_on" in columns for _table, columns, _rows in groups):
        return entry
    day = seoul_day(entry.at).isoformat()
    rows = [[table, [*names, "sleeps_on"], [[*one, day] for one in some]]
            for table, names, some in groups]  # fmt: skip
    return replace(entry, detail=entry.detail | {"rows": rows})


def _reactivate(target: Target, entry: Entry, store: Store | None, *, sure: bool) -> bool:
    """Bring a member back again."""
    back = sure or _stores(target, entry.member_id) == {Store.LIVE, None}
    if entry.member_id is None or not back:
        return False
    if store is Store.DORMANT:
        awake(target.data, entry.member_id)
        used = {"last_counted_on": seoul_day(entry.at)}
        mine = LIVE.member.c.member_id == entry.member_id
        target.data.execute(update(LIVE.member).where(mine).values(used))
    return True


def awake(data: Connection, member_id: UUID) -> None:
    """Move a member's rows from the dormant store to the live one."""
    moving.rows(data, [member_id], Store.DORMANT, Store.LIVE)
    for table in (moves.separation, moves.move):
        data.execute(delete(table).where(table.c.member_id == member_id))


def forget(data: Connection, keys: Connection, members: Sequence[UUID]) -> None:
    """Remove all rows of members, and let the copies end that they asked for."""
    for member_id in members:
        export_ending.leave(data, member_id)
    purge(data, members)
    for table in (case_paper, case_step):
        data.execute(delete(table).where(table.c.member_id.in_(members)))
    for table in (export_key, case_key):
        keys.execute(delete(table).where(table.c.member_id.in_(members)))


def _withdraw(target: Target, entry: Entry, done: Done, now: datetime, *, sure: bool) -> bool:
    """Remove all that is held of a member who left, and put in what is kept of them.

    That is sealed under a key that was made for it: without it (an older backup of the keys was
    restored) nothing is put in, and the key from before they left goes, too.
    """
    who, stores = entry.member_id, _stores(target, entry.member_id)
    left = Store.RETAINED in stores
    if who is None or not (sure or left or not stores):
        return False
    forget(target.data, target.keys, [who])
    moving.settle(target.keys, [who], Store.RETAINED, entry.at)
    replay_row.put_all(target, entry if left else _without_kept(entry), None, sure=True)
    if not left:
        # The certificate says what is kept: of that nothing is.
        certify(target.data, [who], now)
    if stores and not left:
        done.kept_lost += 1
        row = insert(key_due).values(member_id=who, at=entry.at)
        target.data.execute(row.on_conflict_do_nothing())
    return True


def _without_kept(entry: Entry) -> Entry:
    """Return an entry without the rows that only the key made for them opens."""
    kept = f"{Store.RETAINED}."
    rows = [row for row in entry.detail.get("rows", ()) if not row[0].startswith(kept)]
    return replace(entry, detail=entry.detail | {"rows": rows})
