"""What leaving concerns: what is held of somebody, which legal holds reach it, which children."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    Date,
    Integer,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    select,
    text,
)

from db.law import law
from db.tables.reports import report
from services.gathering import ordered
from services.leaving_plan import RECORDS, RECORDS_OVER, VALUES, Held, Holds

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Connection, Function, TableValuedAlias
    from sqlalchemy.types import TypeEngine

    from services.gathering import Row


@dataclass(frozen=True)
class Ward:
    """A child under 14 whose guardian leaves; `others`: how many other guardians it has."""

    member_id: UUID
    others: int


@dataclass(frozen=True)
class Facts:
    """What is held, asleep or not, and how many requests are open."""

    held: tuple[Held, ...]
    open_requests: int


def facts(rows: Iterable[Row]) -> Facts:
    """Return what is held of the subject, no value, in whichever store it is: rows of `HELD`."""
    rows, parts = tuple(rows), {VALUES, RECORDS, RECORDS_OVER}
    apart = {"children", "open_request"}
    held = tuple(
        Held(
            row["part"], row["kind"] if row["part"] in parts else row["part"], row["count"],
            row["last_end"],
        )
        for row in rows
        if row["part"] not in apart
    )  # fmt: skip
    requests = sum(row["count"] for row in rows if row["part"] == "open_request")
    return Facts(held, requests)


def holds(connection: Connection, member_id: UUID, today: date) -> Holds:
    """Return which legal holds reach the subject: one query."""
    given = {"member": member_id, "today": today}
    return reaching(dict(row) for row in connection.execute(HOLDING, given).mappings())


def reaching(rows: Iterable[Row]) -> Holds:
    """Return which legal holds reach the subject: rows of `HOLDING`."""
    kinds: dict[str | None, date] = {row["kind"]: row["ends_on"] for row in rows}
    member = kinds.pop(None, None)
    return Holds(member, {kind: day for kind, day in kinds.items() if kind is not None})


def wards(rows: Iterable[Row]) -> tuple[Ward, ...]:
    """Return the subject's children under 14, in the order of the overview: rows of `WARDS`."""
    return tuple(Ward(row["child"], row["others"]) for row in rows)


def _table(function: Function[Any], **columns: TypeEngine[Any]) -> TableValuedAlias:
    return function.table_valued(*(column(name, kind) for name, kind in columns.items()))


_OF: Final = (bindparam("member", type_=Uuid), bindparam("today", type_=Date))
_WARDS = _table(func.ops.wards(*_OF), child=Uuid(), started_on=Date(), others=Integer())
_STORED = _table(
    func.ops.held(*_OF),
    part=Text(), kind=Text(), count=Integer(), first_end=Date(), last_end=Date(),
)  # fmt: skip
_OVER = report.c.ends_on < bindparam("today", type_=Date)
# What somebody reported is a complaint, and kept as one is, whoever has left since (P06, P35).
_REPORTED = (
    select(
        case((_OVER, literal(RECORDS_OVER)), else_=literal(RECORDS)).label("part"),
        literal(law().reports.rule.value).label("kind"), func.count().label("count"),
        func.min(report.c.ends_on).label("first_end"), func.max(report.c.ends_on).label("last_end"),
    )
    .where(report.c.member_id == bindparam("member", type_=Uuid))
    .group_by(text("1"))
)  # fmt: skip
_ALL = select(_STORED).union_all(_REPORTED).subquery("all_held")
HELD: Final = select(
    _ALL.c.part, _ALL.c.kind, cast(func.sum(_ALL.c.count), Integer).label("count"),
    func.min(_ALL.c.first_end).label("first_end"), func.max(_ALL.c.last_end).label("last_end"),
).group_by(_ALL.c.part, _ALL.c.kind)  # fmt: skip
HOLDING: Final = select(_table(func.ops.holding(*_OF), kind=Text(), ends_on=Date()))
WARDS: Final = ordered(select(_WARDS), _WARDS.c.started_on, _WARDS.c.child)
"""Each takes `member`, who is the transaction's subject, and `today`."""
