"""Destroys reports whose time is over: rows, then their keys, with a record (clause 4; P06, P13).

The keys go first: killed in between, the next run finds the rows again, which nothing opens.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import delete, literal, select

from db.clock import seoul_day
from db.law import law
from db.tables.keys import report_key
from db.tables.reports import report
from db.words import DestructionMethod, Store
from services import erasing, holds
from services.destroying_members import certify
from services.destroying_rows import REPORTS, Batch, day_run, record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from services.house import House

_RUNS: Final = UUID("b0a4a3c2-6b5d-4f0a-8d2b-7a1c9d7f5e63")
"""Names the run of a day that destroys reports."""
_BATCH: Final = 1_000
_YOUNG: Final = timedelta(days=300)
"""No report ends sooner: a younger key belongs to one that is there, or is being written."""


def run(house: House, now: datetime) -> int:
    """Destroy what is due; return how many reports. Of two workers at once each takes others."""
    done = 0
    while True:
        with house.databases.data.begin() as data:
            gone = _rows(data, now)
            _destroy(house, gone)  # committed first: no record is closed while a key is left
        done += len(gone)
        if len(gone) < _BATCH:
            _destroy_left_behind(house, now)
            return done


def _rows(data: Connection, now: datetime) -> Sequence[UUID]:
    today = seoul_day(now)
    due = (
        report.c.ends_on < today,
        holds.not_held(report.c.member_id, today, literal(law().reports.rule.value)),
    )
    picked = select(report.c.report_id).where(*due).limit(_BATCH).with_for_update(skip_locked=True)
    rows = data.execute(
        delete(report)
        .where(report.c.report_id.in_(picked))
        .returning(report.c.report_id, report.c.member_id, report.c.policy_version)
    ).all()
    if not rows:
        return ()
    batch = Batch(day_run(data, _RUNS, now), now, 0)
    for version in {row.policy_version for row in rows}:
        count = sum(row.policy_version == version for row in rows)
        what = (Store.LIVE, REPORTS, version)
        record(data, batch, what, count, method=DestructionMethod.ROWS_AND_KEY)
    certify(data, [row.member_id for row in rows if row.member_id], now)
    return [row.report_id for row in rows]


def _destroy(house: House, gone: Sequence[UUID]) -> None:
    if gone:
        with house.databases.keys.begin() as keys:
            keys.execute(delete(report_key).where(report_key.c.report_id.in_(gone)))


def _destroy_left_behind(house: House, now: datetime) -> None:
    """Take keys to which there is no report; no record of theirs may be open any more."""
    left = _left_behind(house, now)
    _destroy(house, left)
    if left:
        with suppress(*erasing.NOT_NOW):  # somebody has it in hand: it goes with the next of them
            erasing.erase({house.databases.keys: (report_key,)})


def _left_behind(house: House, now: datetime) -> Sequence[UUID]:
    """Return the old keys of which no report is left: a run was killed before it took them."""
    with house.databases.keys.connect() as keys:
        old = report_key.c.created_at < now - _YOUNG
        there = set(keys.scalars(select(report_key.c.report_id).where(old)))
    if not there:
        return ()
    with house.databases.data.connect() as data:
        known = report.c.report_id.in_(there)
        return list(there - set(data.scalars(select(report.c.report_id).where(known))))
