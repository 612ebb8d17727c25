"""Session rows: whose browser this is, since when, last active, verified when, revoked or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import bindparam, delete, insert, select, update

from db.clock import seoul_day
from db.prepared import Prepared
from db.sealing import digest
from db.tables.ops import session as rows
from db.tables.ops import staff
from db.words import ActorKind, StaffRole, Store
from services.actor import Actor
from services.claims import VERIFYING
from services.staff_standing import COLUMNS, NOTHING, Facts, lacking

if TYPE_CHECKING:
    from sqlalchemy import Connection

IDLE = timedelta(minutes=30)
STAFF_IDLE = timedelta(minutes=10)
LONGEST = timedelta(hours=12)
TOUCH_AFTER = timedelta(minutes=1)
"""Activity is written at most once in this time: a rerun should not cost a write."""
KEPT = timedelta(days=90)
"""How long a session that ended is remembered: as long as a browser counts as known."""
AHEAD = timedelta(minutes=5)
"""How far a row's times may lie ahead of our clock: several machines' clocks differ a little."""


@dataclass(frozen=True)
class Session:
    """One open session row."""

    session_id: UUID
    member_id: UUID | None
    staff_id: UUID | None
    role: StaffRole | None
    store: Store | None
    started_at: datetime
    last_active_at: datetime
    signed_in_at: datetime | None
    verified_at: datetime | None
    asked_provider: str | None
    asked_at: datetime | None
    return_to: str | None
    resume: dict[str, Any] | None
    facts: Facts = NOTHING
    """Of staff: what is on record of their account."""

    @property
    def person(self) -> UUID | None:
        """Return the member or staff member signed in, if any."""
        return self.member_id or self.staff_id

    def ended(self, now: datetime) -> bool:
        """Return whether the session is past its idle or absolute limit, or from the future.

        A clock that jumps back must not make it last longer. Nor does staff's outlast their work.
        """
        idle = STAFF_IDLE if self.staff_id else IDLE
        since = self.signed_in_at or self.started_at
        if max(self.last_active_at, since) - now > AHEAD or (self.staff_id and self.role is None):
            return True
        return now - self.last_active_at >= idle or now - since >= LONGEST

    def ends_at(self, now: datetime) -> datetime | None:
        """Return when the session ends if it isn't used after `now`, at which it was."""
        if self.signed_in_at is None:
            return None
        idle = STAFF_IDLE if self.staff_id else IDLE
        touched = now - self.last_active_at >= TOUCH_AFTER
        return min((now if touched else self.last_active_at) + idle, self.signed_in_at + LONGEST)

    def actor(self, now: datetime) -> Actor | None:
        """Return who acts in this session now, or None when nobody is signed in."""
        if self.person is None or self.signed_in_at is None or self.ended(now):
            return None
        kind = ActorKind.STAFF if self.staff_id else ActorKind.SELF
        return Actor(
            kind, self.person, self.session_id, now, self.verified_at, self.role,
            lacks=lacking(self.facts, seoul_day(now)) if self.staff_id else None,
        )  # fmt: skip


_OPEN = Prepared(
    select(
        rows.c.session_id, rows.c.member_id, rows.c.staff_id, staff.c.role, rows.c.store,
        rows.c.started_at, rows.c.last_active_at, rows.c.signed_in_at, rows.c.verified_at,
        rows.c.asked_provider, rows.c.asked_at, rows.c.return_to, rows.c.resume, *COLUMNS,
    )
    .select_from(
        rows.outerjoin(staff, (staff.c.staff_id == rows.c.staff_id) & staff.c.ended_at.is_(None))
    )
    .where(rows.c.token_digest == bindparam("token"), rows.c.revoked_at.is_(None))
)  # fmt: skip
"""An open session, in the order of its fields."""


def _session(row: tuple[Any, ...]) -> Session:
    session_id, member_id, staff_id, role, store, *rest = row
    own = [*rest[: -len(COLUMNS)], Facts(*rest[-len(COLUMNS) :])]
    return Session(
        session_id, member_id, staff_id, StaffRole(role) if role else None,
        Store(store) if store else None, *own,
    )  # fmt: skip


def find(connection: Connection, token: str | None, now: datetime) -> Session | None:
    """Return the open session of this browser's cookie; note that it is active. One query or two.

    A session past its limits is still returned, so that the page can say why it ended.
    """
    if not token:
        return None
    found = _OPEN.rows(connection, {"token": digest(token)})
    if not found:
        return None
    session = _session(found[0])
    if not session.ended(now) and now - session.last_active_at >= TOUCH_AFTER:
        connection.execute(
            update(rows).where(rows.c.session_id == session.session_id).values(last_active_at=now)
        )
    return session


def ask(
    connection: Connection, token: str, provider: str, now: datetime, *,
    return_to: str, resume: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Note that this browser asked for a sign-in or a verification, and where it was.

    Only what was asked for here will count when the browser comes back (`sign_in.adopt`).
    """
    asked = {
        "asked_provider": provider,
        "asked_at": now,
        "return_to": return_to,
        "resume": resume,
        "last_active_at": now,
    }
    known = find(connection, token, now)
    if known is not None and not (known.person and known.ended(now)):
        connection.execute(update(rows).where(rows.c.session_id == known.session_id).values(asked))
        return
    if known is not None:
        revoke(connection, known.session_id, now, "expired")
    connection.execute(
        insert(rows).values(session_id=uuid4(), token_digest=digest(token), started_at=now, **asked)
    )


def resumed(connection: Connection, session_id: UUID) -> None:
    """Forget where the browser was: it has been brought back."""
    connection.execute(
        update(rows).where(rows.c.session_id == session_id).values(return_to=None, resume=None)
    )


def rekey(connection: Connection, old: str, new: str, *, device: str | None = None) -> bool:
    """Let the open session be found by a new cookie alone; return whether there was one to move.

    A cookie's value that somebody noted before a sign-in must not find the person after it. Asking
    for a verification moves nothing: the person stays the same, and other tabs of theirs still
    hold the old value. `device` is the browser's own cookie, kept as a digest.
    """
    moved = connection.execute(
        update(rows)
        .where(
            rows.c.token_digest == digest(old),
            rows.c.revoked_at.is_(None),
            rows.c.asked_provider.not_in(VERIFYING),
        )
        .values(token_digest=digest(new), device_digest=digest(device) if device else None)
    )
    return bool(moved.rowcount)


def leave(connection: Connection, token: str, now: datetime) -> None:
    """End the open session of this cookie, if there is one."""
    connection.execute(
        update(rows)
        .where(rows.c.token_digest == digest(token), rows.c.revoked_at.is_(None))
        .values(revoked_at=now, revoked_why="signed_out")
    )


def revoke(connection: Connection, session_id: UUID, now: datetime, why: str) -> None:
    """End one session at once, in running tabs too: they read the row on their next run."""
    connection.execute(
        update(rows)
        .where(rows.c.session_id == session_id, rows.c.revoked_at.is_(None))
        .values(revoked_at=now, revoked_why=why)
    )


def forget(connection: Connection, now: datetime) -> int:
    """Delete sessions that ended long ago, as the worker; return how many.

    Whoever started by then and was not active since is far past every limit.
    """
    past = now - KEPT
    gone = delete(rows).where(rows.c.started_at < past, rows.c.last_active_at < past)
    return int(connection.execute(gone).rowcount)
