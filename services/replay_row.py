"""Puts the rows that a journal's entry carries where they belong now, one by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Text, Uuid, bindparam, literal, select, text, union_all
from sqlalchemy.exc import IntegrityError

from db import places
from db.clock import seoul_day
from db.sealing import SealError
from db.tables import ops
from db.tables.keeping import hold
from db.tables.member import STORES
from db.words import Change, NoticeMeans, RequestState, StepState, Store
from services import coming_of_age, jobs, journal_rows, outbox

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Connection, Table

    from db.keyring import Keyring
    from services.journal import Entry


_WARNS: Final = frozenset({
    Change.CORRECTED, Change.CLEARED, Change.CONSENT_WITHDRAWN, Change.RESTRICTED,
    Change.DEVICE_REFUSED,
})  # fmt: skip
"""What companies are told for the member's sake."""


def _protects(table: Table, row: dict[str, Any], day: date) -> bool:
    """Return whether a row protects the member even if its transaction never committed.

    A value that was cleared or put right, a no, a stop, a wish; never a yes, or the end of a stop.
    `day`: the Seoul day on which it was noted.
    """
    if table.name in {"profile_value", "member", "disclosure"}:
        return True
    signs = {
        "consent": not row.get("granted"),
        "device": row.get("refused_at") is not None,
        "restriction": row.get("ended_at") is None,
        "request": row.get("state") == RequestState.OPEN,
        "hold": row.get("lifted_at") is None,
        "dispute": row.get("decided_at") is None,
        # A link that ended or is suspended; never one that began, or whose suspension was lifted.
        "guardianship": bool(row.get("ended_on") or _suspended(row, day)),
        "dispatch": row.get("change") in _WARNS,
        "move": True,
        "case_step": row.get("state") in {StepState.REFUSED, StepState.TAKEN_BACK},
        "staff": row.get("ended_at") is not None,
        # What somebody told us must not be lost; whether it was answered is seen in the thread.
        "report": row.get("received_at") is not None,
        "report_line": True,
    }
    return signs.get(table.name, False)


def _suspended(row: dict[str, Any], day: date) -> bool:
    """Return whether a link's suspension was in force when it was noted, or was still to come."""
    return bool(row.get("suspended_on")) and (row.get("suspended_until") or day) >= day


_WHERE = union_all(
    *(
        select(literal(store.value, Text)).where(
            tables.member.c.member_id == bindparam("member", type_=Uuid)
        )
        for store, tables in STORES.items()
    )
)


@dataclass
class Target:
    """What is being restored: the data, the keys, and what was counted on the way."""

    data: Connection
    keys: Connection
    keyring: Keyring
    staff: frozenset[UUID] = frozenset()
    lost: int = 0
    """Rows that could not be put in."""
    found_by: set[UUID] = field(default_factory=set)
    """Members of whom something changed by which they may be found."""

    def store_of(self, member_id: UUID | None) -> Store | None:
        """Return where a member's rows are, or None when there are none."""
        found = self.data.scalar(_WHERE, {"member": member_id}) if member_id else None
        return Store(found) if found else None


def staff_of(data: Connection) -> frozenset[UUID]:
    """Return who is known of the staff."""
    return frozenset(data.scalars(select(ops.staff.c.staff_id)))


def put_all(target: Target, entry: Entry, store: Store | None, *, sure: bool) -> bool:
    """Put in and remove what an entry says; of one that is not `sure`, what protects the member.

    Return whether there was anything to do.
    """
    gone = entry.gone if sure else ()
    day = seoul_day(entry.at)
    rows = [(table, row) for table, row in entry.rows if sure or _protects(table, row, day)]
    for table, which in gone:
        journal_rows.remove(target.data, _in_store(table, store), which)
    for table, row in rows:
        _put(target, _in_store(table, store), _signed(target, table, row), entry)
    return bool(gone or rows)


def _in_store(table: Table, store: Store | None) -> Table:
    """Return the table of that name in the store where the member is."""
    if store is None or table.schema not in list(Store):
        return table
    return next(one for one in STORES[store].all if one.name == table.name)


def _signed(target: Target, table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row that names no staff whom the restored data doesn't know."""
    if table is not hold:
        return row
    placed = {} if row.get("placed_by") in target.staff else {"placed_by": None}
    # With nobody to answer for its end, it stands until somebody ends it again.
    lifted = {} if row.get("lifted_by") in target.staff else {"lifted_by": None, "lifted_at": None}
    return row | placed | lifted


def _put(target: Target, table: Table, row: dict[str, Any], entry: Entry) -> None:
    try:
        with target.data.begin_nested():
            journal_rows.put(target.data, table, row)
    except IntegrityError:
        target.lost += 1
        return
    if table.name == "profile_value":
        _follow(target, table, row, entry)
    elif table is ops.dispatch:
        _tell_again(target, row)


def _tell_again(target: Target, row: dict[str, Any]) -> None:
    """Have a company told once more: whether it was, nobody knows any more."""
    means = select(ops.company.c.means).where(ops.company.c.company_id == row["company_id"])
    if target.data.scalar(means) != NoticeMeans.NONE:
        member_id, dispatch_id = str(row["member_id"]), str(row["dispatch_id"])
        jobs.defer(target.data, jobs.DISPATCH, member_id=member_id, dispatch_id=dispatch_id)


def _follow(target: Target, table: Table, row: dict[str, Any], entry: Entry) -> None:
    """Let what hangs on a value follow it: the day on which a child turns 14, and the indexes."""
    member_id: UUID = row["member_id"]
    target.found_by.add(member_id)
    if row["item"] != "birth_date" or row["sealed"] is None:
        return
    try:
        _store, sealer = outbox.sealer_of(target.keys, target.keyring, member_id)
        born = sealer.open(row["sealed"], places.profile("birth_date", row["seq"])).decode()
    except (outbox.NoKeyError, SealError):
        return
    if table.schema == Store.RETAINED:
        return  # who left neither guards nor is guarded
    tables = STORES[Store(table.schema or "")]
    coming_of_age.follow(target.data, tables, member_id, born, seoul_day(entry.at))


_AT_ONCE = text("set constraints all immediate")
_LATER = text("set constraints all deferred")


def settle_constraints(data: Connection) -> None:
    """Let the database check now what it checks at a commit else."""
    data.execute(_AT_ONCE)
    data.execute(_LATER)
