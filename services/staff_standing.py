"""Whether somebody of the staff may work today: the one decision that pages, routes and gate share.

A personal account with a role is the least; beside it an assignment that still runs, a password
that is not too old, and a training that is still valid (clause 8; P26, P27). What is not on record
counts as missing, never as valid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from db.clock import seoul_day
from db.law import law
from db.tables.ops import staff
from db.words import StaffLack

if TYPE_CHECKING:
    from services.claims import Claims


@dataclass(frozen=True)
class Facts:
    """What is on record of an account: the last days that count, and the password's first."""

    assigned_until: date | None
    trained_until: date | None
    password_set_on: date | None

    @property
    def password_until(self) -> date | None:
        """Return the last day of the password."""
        if self.password_set_on is None:
            return None
        return self.password_set_on + timedelta(days=law().staff.password_days)


NOTHING = Facts(None, None, None)
"""Nothing is on record: the desk stays shut."""
COLUMNS = (staff.c.assigned_until, staff.c.trained_until, staff.c.password_set_on)
"""The columns of `Facts`, in its order."""


def lacking(facts: Facts, today: date) -> tuple[StaffLack, ...]:
    """Return what is missing on a Seoul day; nothing when the desk opens."""
    last = {
        StaffLack.ASSIGNMENT: facts.assigned_until,
        StaffLack.PASSWORD: facts.password_until,
        StaffLack.TRAINING: facts.trained_until,
    }
    return tuple(lack for lack, day in last.items() if day is None or day < today)


def ending(facts: Facts, today: date) -> tuple[tuple[StaffLack, date], ...]:
    """Return what is still good today and ends soon, with its last day."""
    soon = today + timedelta(days=law().staff.warn_days)
    last = {
        StaffLack.ASSIGNMENT: facts.assigned_until,
        StaffLack.PASSWORD: facts.password_until,
        StaffLack.TRAINING: facts.trained_until,
    }
    return tuple((lack, day) for lack, day in last.items() if day and today <= day <= soon)


def password_overdue(set_on: date | None, today: date) -> bool:
    """Return whether a staff password is past its term, or nobody knows when it was set."""
    return StaffLack.PASSWORD in lacking(Facts(today, today, set_on), today)


def password_day(claims: Claims, name: str, now: datetime) -> date | None:
    """Return the day on which another provider says that the password was set.

    Seconds since 1970, or a day or instant in ISO 8601. None for what is missing, unreadable or
    yet to come.
    """
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        if isinstance(value, str):
            at = datetime.fromisoformat(value)
            day = at.date() if len(value) <= len("2026-11-22") else seoul_day(_aware(at))
        else:
            day = seoul_day(datetime.fromtimestamp(value, UTC))
    except (ValueError, OverflowError, OSError):
        return None
    return day if day <= seoul_day(now) else None


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
