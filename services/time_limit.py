"""When a session ends by itself, read without counting as activity (KWCAG 2.2: time limits)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from db.sealing import digest
from db.tables.ops import session as rows
from services.sessions import IDLE, LONGEST, STAFF_IDLE

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


def ends_at(connection: Connection, token: str | None) -> datetime | None:
    """Return when this browser's session ends unless used; None without one: one query."""
    row = connection.execute(
        select(rows.c.last_active_at, rows.c.signed_in_at, rows.c.staff_id).where(
            rows.c.token_digest == digest(token or ""),
            rows.c.revoked_at.is_(None),
            rows.c.signed_in_at.is_not(None),
        )
    ).one_or_none()
    if row is None:
        return None
    idle = STAFF_IDLE if row.staff_id else IDLE
    found: datetime = min(row.last_active_at + idle, row.signed_in_at + LONGEST)
    return found
