"""What leaving concerns: what is held of somebody, which legal holds reach it, which children."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from services.leaving_plan import RECORDS, RECORDS_OVER, VALUES, Held, Holds

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Connection


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


def facts(connection: Connection, member_id: UUID, today: date) -> Facts:
    """Return what is held of the subject: one query, no value, in whichever store it is."""
    columns = ("part", "kind", "count", "first_end", "last_end")
    found = func.ops.held(member_id, today).table_valued(*columns)
    rows = connection.execute(select(found)).mappings().all()
    parts = {VALUES, RECORDS, RECORDS_OVER}
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
    found = func.ops.holding(member_id, today).table_valued("kind", "ends_on")
    kinds: dict[str | None, date] = dict(connection.execute(select(found)).all())
    member = kinds.pop(None, None)
    return Holds(member, {kind: day for kind, day in kinds.items() if kind is not None})


def wards(connection: Connection, member_id: UUID, today: date) -> tuple[Ward, ...]:
    """Return the subject's children under 14, in the order of the overview: one query."""
    found = func.ops.wards(member_id, today).table_valued("child", "started_on", "others")
    return tuple(Ward(row.child, row.others) for row in connection.execute(select(found)))
