"""Setting passwords: the rules, and what ends with the old password."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from db.clock import seoul_day
from db.errors import PortalError
from db.tables import ops
from db.words import N_, Noted
from services import journal
from services.identity import hashing
from services.relations import as_subject

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from services.identity.people import Person

SHORTEST = 10
LONGEST = 200
_COMMONEST = frozenset(
    {
        "1234567890", "0123456789", "12345678910", "0987654321", "1111111111", "0000000000",
        "1q2w3e4r5t", "q1w2e3r4t5", "1qaz2wsx3edc", "qwertyuiop", "qwerty1234", "asdfghjkl1",
        "password12", "password123", "password1234", "abcdefghij", "abcd123456", "asdf123456",
        "iloveyou12", "rkskekfkak", "dkssudgktpdy",
    }
)  # fmt: skip
"""The first that anyone tries, of those long enough to pass the length rule."""


class PasswordRefused(PortalError):  # noqa: N818 (a choice to make again, not a failure)
    """The new password breaks a rule; the sentence says which."""


def check_rules(password: str, identifier: str = "") -> None:
    """Raise `PasswordRefused` when a person should choose another password."""
    folded = unicodedata.normalize("NFKC", password).casefold()
    if len(folded) < SHORTEST:
        raise PasswordRefused(N_("Please use at least {n} characters."), n=SHORTEST)
    if len(folded) > LONGEST:
        raise PasswordRefused(N_("Please use at most {n} characters."), n=LONGEST)
    if folded in _COMMONEST or len(set(folded)) == 1:
        raise PasswordRefused(
            N_("That password is among the first that others try. Choose another.")
        )
    if identifier and folded == unicodedata.normalize("NFKC", identifier).strip().casefold():
        raise PasswordRefused(N_("The password can't be the same as what you sign in with."))


def stored_for(data: Connection, member_id: UUID) -> str | None:
    """Return a member's hash, telling the database whose rows this transaction may see."""
    as_subject(data, member_id)
    row = select(ops.credential.c.password_hash).where(ops.credential.c.member_id == member_id)
    found: str | None = data.scalar(row)
    return found


def keep(data: Connection, member_id: UUID, hashed: str, now: datetime) -> None:
    """Store a member's hash; nothing else changes."""
    as_subject(data, member_id)
    row = {"member_id": member_id, "password_hash": hashed, "set_at": now}
    statement = insert(ops.credential).values(row)
    data.execute(statement.on_conflict_do_update(index_elements=["member_id"], set_=row))


def set_password(data: Connection, member_id: UUID, password: str, now: datetime) -> None:
    """Give a member a password and end every session the old one opened. No rules are checked."""
    keep(data, member_id, hashing.make(password), now)
    # Only that it was set: a hash is not sealed, so the journal must not carry it.
    journal.note(data, Noted.PASSWORD_SET, member_id, now)
    sessions = ops.signin_session
    data.execute(delete(sessions).where(sessions.c.member_id == member_id))
    _revoke(data, ops.session.c.member_id == member_id, now)
    # A code is worth a session until it is exchanged.
    for waiting in (ops.one_time, ops.authorization_code):
        data.execute(delete(waiting).where(waiting.c.member_id == member_id))


def set_staff_password(data: Connection, staff_id: UUID, password: str, now: datetime) -> None:
    """Give a staff member a password, good for another term (clause 8; P26)."""
    staff = ops.staff
    values = {"password_hash": hashing.make(password), "password_set_on": seoul_day(now)}
    data.execute(update(staff).where(staff.c.staff_id == staff_id).values(values))
    for waiting in (ops.signin_session, ops.authorization_code):
        data.execute(delete(waiting).where(waiting.c.staff_id == staff_id))
    _revoke(data, ops.session.c.staff_id == staff_id, now)


def set_for(data: Connection, person: Person, password: str, now: datetime) -> None:
    """Give a member or a staff member a password."""
    setter = set_password if person.kind == "member" else set_staff_password
    setter(data, person.person_id, password, now)


def _revoke(data: Connection, whose: object, now: datetime) -> None:
    open_ones = update(ops.session).where(whose, ops.session.c.revoked_at.is_(None))  # type: ignore[arg-type]
    data.execute(open_ones.values(revoked_at=now, revoked_why="password"))
