"""A child's 14th birthday is kept unsealed until it comes: after it clause 9 needs it no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select, update

from db.tables.member import DORMANT, LIVE

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

STORES: Final = (LIVE, DORMANT)


def due(connection: Connection, today: date) -> int:
    """Return how many birthdays are past and still here; `today` is a Seoul day."""
    counts = (select(func.count()).where(tables.member.c.turns_14_on <= today) for tables in STORES)
    return sum(connection.scalar(count) or 0 for count in counts)


def clear(connection: Connection, today: date) -> int:
    """Clear them, as `portal_work`, and return how many."""
    return sum(
        connection.execute(
            update(tables.member)
            .where(tables.member.c.turns_14_on <= today)
            .values(turns_14_on=None)
        ).rowcount
        for tables in STORES
    )
