"""Takes a member's rows out of their store and puts what stays into `retained`, under a fresh key.

Rows come out by the statement that deletes them, so that no later version is lost; what is kept is
opened with the old key, sealed with the new one, and put in by COPY. What doesn't open can't be
kept: nobody could ever read it (clause 3.1, 3.2; P05, P06).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Uuid, bindparam, delete, select

from db import places
from db.copying import copy_in
from db.law import law
from db.sealing import SealError
from db.tables.member import STORES
from db.tables.reports import report
from db.words import RecordKind, Store
from services.leaving_plan import (
    OTHERS,
    RECORDS,
    RECORDS_OVER,
    VALUES,
    Held,
    Holds,
    items_kept,
    kept_records,
    record_kept,
    table_kept,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from sqlalchemy import Connection, Table
    from sqlalchemy.sql.dml import ReturningDelete

    from db.policy import Policy
    from db.sealing import Sealer

Row = dict[str, Any]

PLACES: Final[dict[str, dict[str, Callable[[Row], str]]]] = {
    VALUES: {"sealed": lambda row: places.profile(row["item"], row["seq"])},
    RECORDS: {"sealed": lambda row: places.record(row["kind"], row["record_id"])},
    "device": {"sealed": lambda row: places.device(row["device_row_id"])},
    "request": {
        "sealed": lambda row: places.request(row["request_id"]),
        "answer": lambda row: places.answer(row["request_id"]),
    },
    "evidence": {"sealed": lambda row: places.evidence(row["evidence_id"])},
    "pending_value": {"sealed": lambda row: places.pending(row["item"])},
    "inbox": {"sealed": lambda row: places.inbox(row["message_id"])},
    "demand": {"document": lambda row: places.demand(row["demand_id"])},
    "dispute": {
        "sealed": lambda row: places.dispute(row["dispute_id"]),
        "answer": lambda row: places.dispute_answer(row["dispute_id"]),
    },
}
"""Sealed columns by table, and the place to which a row's value is bound."""


@dataclass
class Taken:
    """A member's rows, out of their store; by table, parents first."""

    member: Row
    rows: dict[str, list[Row]] = field(repr=False)
    reports: tuple[date, ...] = ()
    """The last days of what they reported: it stays where it is, under keys of its own."""

    def held(self, today: date) -> tuple[Held, ...]:
        """Return what there is, as `leaving_plan` counts it."""
        values = Counter(row["item"] for row in self.rows[VALUES] if row["sealed"] is not None)
        found = [Held(VALUES, item, count) for item, count in values.items()]
        found += self._records(today)
        found += [Held(name, name, len(self.rows[name])) for name in OTHERS]
        return tuple(found)

    def _records(self, today: date) -> list[Held]:
        groups: dict[tuple[str, str], list[date]] = {}
        for row in self.rows[RECORDS]:
            part = RECORDS_OVER if row["ends_on"] < today else RECORDS
            groups.setdefault((part, row["kind"]), []).append(row["ends_on"])
        for ends_on in self.reports:
            part = RECORDS_OVER if ends_on < today else RECORDS
            groups.setdefault((part, law().reports.rule), []).append(ends_on)
        return [Held(part, kind, len(ends), max(ends)) for (part, kind), ends in groups.items()]


@cache
def _take(table: Table) -> ReturningDelete[Any]:
    mine = table.c.member_id == bindparam("member", type_=Uuid)
    return delete(table).where(mine).returning(*table.c)


def take(data: Connection, store: Store, member_id: Any) -> Taken:  # noqa: ANN401 (an id)
    """Delete the rows of a member whose own row is locked, and return them: children first."""
    tables, rows = STORES[store].all, {}
    for table in reversed(tables):
        found = data.execute(_take(table), {"member": member_id}).mappings()
        rows[table.name] = [dict(row) for row in found]
    (member,) = rows.pop(tables[0].name)
    reported = select(report.c.ends_on).where(report.c.member_id == member_id)
    return Taken(member, rows, tuple(data.scalars(reported)))


@dataclass(frozen=True)
class Rules:
    """By what is decided what stays: the policy of the day of leaving, holds, that Seoul day."""

    policy: Policy
    holds: Holds
    today: date

    def kept(self, taken: Taken) -> dict[str, list[Row]]:
        """Return the rows that stay, by table."""
        held = taken.held(self.today)
        found = {VALUES: self._values(taken, held), RECORDS: self._records(taken)}
        for name in OTHERS:
            found[name] = taken.rows[name] if table_kept(name, self.holds) else []
        return found

    def _values(self, taken: Taken, held: Iterable[Held]) -> list[Row]:
        """Return the values that stay, each with its last day; a hold is no part of that day.

        What only a hold keeps is due the day after leaving, and goes when the hold has ended.
        """
        known = tuple(held)
        records = kept_records(known, self.holds, self.today)
        staying = items_kept(self.policy, records, self.holds, self.today)
        unheld = kept_records(known, Holds(), self.today)
        ends = items_kept(self.policy, unheld, Holds(), self.today)
        return [
            row | {"ends_on": ends[row["item"]].until if row["item"] in ends else self.today}
            for row in taken.rows[VALUES]
            if row["item"] in staying and row["sealed"] is not None
        ]

    def _records(self, taken: Taken) -> list[Row]:
        return [
            row
            for row in taken.rows[RECORDS]
            if record_kept(RecordKind(row["kind"]), row["ends_on"], self.holds, self.today)
        ]


def resealed(table: str, rows: Iterable[Row], old: Sealer | None, new: Sealer) -> list[Row]:
    """Return the rows under the new key, without those that don't open."""
    sealed_in, found = PLACES.get(table, {}), []
    for row in rows:
        try:
            found.append(row | _sealed_anew(row, sealed_in, old, new))
        except SealError:
            continue
    return found


def _sealed_anew(
    row: Row, sealed_in: dict[str, Callable[[Row], str]], old: Sealer | None, new: Sealer
) -> Row:
    changed: Row = {}
    for column, place_of in sealed_in.items():
        if row[column] is None:
            continue
        if old is None:
            raise SealError
        place = place_of(row)
        changed[column] = new.seal(old.open(row[column], place), place)
    return changed


def bare(member: Row) -> Row:
    """Return what is needed of a member who left: neither dormancy nor guardianship goes on."""
    return {name: member[name] for name in ("member_id", "joined_on", "created_at")}


def put(data: Connection, member: Row, rows: dict[str, list[Row]]) -> None:
    """Write a member and what stays of them into `retained`: parents first."""
    retained = STORES[Store.RETAINED]
    copy_in(data, retained.member, [bare(member)])
    for table in retained.all[1:]:
        copy_in(data, table, rows[table.name])
