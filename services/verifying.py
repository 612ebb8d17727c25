"""Lets what was destroyed leave the files, asks again for what is due, and closes records (P13).

A run that was killed left its record open: whoever comes next vacuums and asks for it as well. A
run at work in another process looks the same: its record is closed only if it gained nothing
meanwhile, and gaining something opens it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, or_, select, update

from db.among import among
from db.tables import keys as keys_tables
from db.tables import ops
from db.tables.cases import case_paper, case_step
from db.tables.keeping import destruction, destruction_run, key_due
from db.tables.member import STORES
from db.tables.moves import withdrawal
from db.tables.reports import report, report_line
from db.words import Store
from services import destroying_keys, due, erasing
from services.destroying_rows import (
    CASE_WORDS,
    EXPORTS,
    LEAVING,
    REPORTS,
    SIGN_IN,
    STAFF_ACCESS,
)
from services.holds import AFTER_WITHDRAWAL, INBOX

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Engine, Table

    from db.engines import Databases
    from services.destroying_keys import Gone

    Lines = dict[tuple[UUID, Store, str, str], int]
    """Rows by run, store, kind and policy version."""


class _Open(NamedTuple):
    """What may still be in files: runs whose record is open, its lines, and withdrawals."""

    runs: Sequence[UUID]
    lines: Lines
    withdrawals: Sequence[UUID]

    def tables(self) -> list[Table]:
        """Return what rows were deleted from."""
        return [one for _run, store, kind, _v in self.lines for one in _tables(store, kind)]

    def keys(self) -> list[Table | str]:
        """Return what keys were deleted from."""
        kinds = {(store, kind) for _run, store, kind, _version in self.lines}
        if self.withdrawals:
            kinds.add((Store.LIVE, LEAVING))
        return [one for store, kind in kinds for one in destroying_keys.of(store, kind)]


def settle(
    databases: Databases,
    mine: UUID | None,
    gone: Gone,
    at: Callable[[], datetime],
    now: datetime,
) -> bool:
    """Vacuum and close the record of run `mine` and of killed ones; False: not now, run it again.

    `gone`: the keys that were deleted; they leave the files together with the rows. `at` tells the
    time, and `now` is that of the run.
    """
    found = _open(databases, mine, gone)
    # The keys first: a withdrawal waits for them, and for nothing else of this.
    what: dict[Engine, list[Table | str]] = {
        databases.keys: [*gone.tables, *found.keys()], databases.data: [*found.tables()],
    }  # fmt: skip
    try:
        with erasing.erased(what):
            left = _left_over(databases, now) if found.runs else 0
    except erasing.NOT_NOW:
        return False
    if found.runs or found.withdrawals:
        _close(databases, found, left, at())
    return True


def _open(databases: Databases, mine: UUID | None, gone: Gone) -> _Open:
    run, left = destruction_run.c, withdrawal.c
    with databases.data.connect() as data:
        # In this order: of whoever is found to have left, the record is found as well.
        unerased = select(left.withdrawal_id, left.member_id).where(left.erased_at.is_(None))
        withdrawals = data.execute(unerased).all()
        noted = set(data.scalars(select(key_due.c.member_id))) - set(gone.ids)
        open_runs = select(run.run_id).where(or_(run.verified_at.is_(None), run.run_id == mine))
        runs = data.scalars(open_runs).all()
        lines = _lines(data, runs)
    moving = noted | _moving(databases, [row.member_id for row in withdrawals if row.member_id])
    settled = [row.withdrawal_id for row in withdrawals if row.member_id not in moving]
    return _Open(runs, lines, settled)


def _lines(data: Connection, runs: Sequence[UUID]) -> Lines:
    line = destruction.c
    mine = select(destruction).where(among(line.run_id, runs))
    return {
        (row.run_id, Store(row.store), row.kind, row.policy_version): row.rows
        for row in data.execute(mine)
    }


def _moving(databases: Databases, members: Sequence[UUID]) -> set[UUID]:
    """Return those whose key does not say yet that they left: they come next time."""
    if not members:
        return set()
    key = keys_tables.member_key.c
    here = (among(key.member_id, members), key.store != Store.RETAINED)
    with databases.keys.connect() as keys:
        return set(keys.scalars(select(key.member_id).where(*here)))


def _tables(store: Store, kind: str) -> tuple[Table, ...]:
    """Return the tables that rows of a kind were deleted from."""
    tables = STORES[store]
    of_kind: dict[str, tuple[Table, ...]] = {
        EXPORTS: (),  # files; their keys are in the other database
        REPORTS: (report, report_line),
        CASE_WORDS: (case_paper, case_step),
        STAFF_ACCESS: (ops.staff_access,),
        due.MEMBERS: tables.all,
        LEAVING: (*tables.all, *SIGN_IN, case_paper, case_step),
        INBOX: (tables.inbox,),
        AFTER_WITHDRAWAL: (tables.profile_value,),
    }
    return of_kind.get(kind, (tables.record,))


def _left_over(databases: Databases, now: datetime) -> int:
    """Ask again for what is due; return how many rows are."""
    with databases.data.connect() as data:
        again = due.anything(data, now)
        return sum(one.rows for one in due.count(data, now)) if again else 0


def _close(databases: Databases, found: _Open, left: int, at: datetime) -> None:
    """Write how many rows are `left` of what is due beside what was destroyed."""
    run = destruction_run.c
    with databases.data.begin() as data:
        ours = select(run.run_id).where(among(run.run_id, found.runs)).order_by(run.run_id)
        data.execute(ours.with_for_update(key_share=True))  # nobody adds to them now
        again = _lines(data, found.runs)
        grown = {line[0] for line, rows in again.items() if found.lines.get(line) != rows}
        same = [one for one in found.runs if one not in grown]
        values = {
            "vacuumed_at": at, "left_over": left,
            "finished_at": func.coalesce(run.finished_at, at),
        }  # fmt: skip
        # Rows that another worker has in hand just now are counted too: then it asks again.
        checked = {} if left else {"verified_at": at}
        closed = update(destruction_run).where(among(run.run_id, same))
        data.execute(closed.values(values | checked))
        theirs = among(withdrawal.c.withdrawal_id, found.withdrawals)
        data.execute(select(1).where(theirs).order_by(withdrawal.c.withdrawal_id).with_for_update())
        data.execute(update(withdrawal).where(theirs).values(erased_at=at))
