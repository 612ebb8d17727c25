"""The officer's list of open disputes. It holds no personal value, and nothing that was said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Boolean, DateTime, Text, Uuid, column, func, select

from db.tables.ops import staff
from db.words import DisputeWhy
from services.dispute_rights import officer

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnClause, Connection

    from services.actor import Actor


@dataclass(frozen=True)
class Waiting:
    """An open dispute; `hand`: which of the staff has it."""

    member_id: UUID
    dispute_id: UUID
    why: DisputeWhy
    by_child: bool
    opened_at: datetime
    guardians: int
    hand: str | None


_WAITING: tuple[ColumnClause[Any], ...] = (
    column("member_id", Uuid), column("dispute_id", Uuid), column("why", Text),
    column("by_child", Boolean), column("opened_at", DateTime(timezone=True)),
    column("guardians", BigInteger), column("taken_by", Uuid),
    column("taken_until", DateTime(timezone=True)),
)  # fmt: skip


def waiting(connection: Connection, actor: Actor) -> tuple[Waiting, ...]:
    """Return the open disputes, the oldest first: one query."""
    officer(actor)
    listed = func.ops.open_disputes(actor.person).table_valued(*_WAITING, name="listed")
    rows = connection.execute(
        select(listed, staff.c.staff_no)
        .select_from(listed.outerjoin(staff, staff.c.staff_id == listed.c.taken_by))
        .order_by(listed.c.opened_at, listed.c.dispute_id)
    )
    return tuple(
        Waiting(
            row.member_id, row.dispute_id, DisputeWhy(row.why), row.by_child, row.opened_at,
            row.guardians,
            row.staff_no if row.taken_until and row.taken_until > actor.at else None,
        )
        for row in rows
    )  # fmt: skip
