"""The sign-in service's own session with a browser, apart from the portal's."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from db.clock import seoul_day
from db.sealing import digest
from db.tables import ops
from services.identity.people import Person, person_of
from services.staff_standing import password_overdue

if TYPE_CHECKING:
    from sqlalchemy import Connection

LASTS = timedelta(hours=8)


@dataclass(frozen=True)
class BrowserSession:
    """Who signed in with this browser, and when."""

    person: Person
    auth_time: datetime


def start(data: Connection, person: Person, now: datetime) -> str:
    """Return the secret for the browser's cookie; only its digest is kept."""
    secret = secrets.token_urlsafe(32)
    data.execute(delete(ops.signin_session).where(ops.signin_session.c.expires_at < now))
    data.execute(
        insert(ops.signin_session).values(
            digest=digest(secret), auth_time=now, expires_at=now + LASTS, **person.columns
        )
    )
    return secret


def find(data: Connection, secret: str | None, now: datetime) -> BrowserSession | None:
    """Return the browser's session while it lasts and its person may still sign in."""
    if not secret:
        return None
    sessions, staff = ops.signin_session, ops.staff
    row = data.execute(
        select(sessions, staff.c.ended_at, staff.c.password_set_on)
        .outerjoin(staff, staff.c.staff_id == sessions.c.staff_id)
        .where(sessions.c.digest == digest(secret), sessions.c.expires_at > now)
    ).one_or_none()
    if row is None:
        return None
    person = person_of(row.member_id, row.staff_id)
    late = password_overdue(row.password_set_on, seoul_day(now))
    if person.kind == "staff" and (row.ended_at or late):
        return None
    return BrowserSession(person, row.auth_time)


def end(data: Connection, secret: str | None) -> None:
    """End the browser's session, if there is one."""
    if secret:
        data.execute(
            delete(ops.signin_session).where(ops.signin_session.c.digest == digest(secret))
        )
