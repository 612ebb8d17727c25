"""Finds accounts by what somebody typed and checks their password."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import func, select, text, update

from db.clock import seoul_day
from db.errors import PortalError
from db.law import law
from db.normal import identifiers
from db.tables import ops
from db.words import N_, Store
from services.identity import hashing, passwords
from services.identity.people import Person
from services.identity.recovery import MOST_SHARING
from services.staff_standing import password_overdue

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection, Row

    from db.keyring import Keyring

TRIED_BY_MOBILE = 4
"""Passwords looked at for a mobile number, which a family may share: known, shared or nobody's."""
_FIND = text("select member_id, store from keys.find(:kind, :digest)")


class SignInRefused(PortalError):  # noqa: N818 (the person tries again)
    """The sign-in did not succeed; the sentence never says whether the account exists."""


def find_members(
    keys: Connection, keyring: Keyring, pairs: Sequence[tuple[str, str]], *, left: bool = False
) -> tuple[UUID, ...]:
    """Return the members that (kind, value) pairs name; who left only if `left` asks for them."""
    found: dict[UUID, None] = {}
    for kind, value in pairs:
        digest = keyring.blind(kind, value)
        for row in keys.execute(_FIND, {"kind": kind, "digest": digest}):
            if left or row.store != Store.RETAINED:
                found[row.member_id] = None
    return tuple(found)


def members_typed(
    keys: Connection, keyring: Keyring, typed: str, *, left: bool = False
) -> tuple[UUID, ...]:
    """Return the members whom an e-mail address, login id or mobile number names."""
    return find_members(keys, keyring, identifiers(typed), left=left)


def passwords_tried(typed: str) -> int:
    """Return how many passwords are looked at for what was typed, whoever it names, if anybody."""
    kinds = {kind for kind, _ in identifiers(typed)}
    return TRIED_BY_MOBILE if "mobile" in kinds else 1


def check_members(
    data: Connection, members: Sequence[UUID], password: str, now: datetime, tried: int = 1
) -> Person:
    """Return the one of `members` whose password this is, after looking at `tried` passwords.

    Raise `SignInRefused` when it is nobody's, or (a shared mobile, one password) not one person's.
    Among more members than may be tried nobody is guessed: how long it takes tells nothing.
    """
    held = _held(data, members) if len(members) <= MOST_SHARING else {}
    known = held if len(held) <= tried else {}
    right = [m for m, stored in known.items() if _matches(data, m, stored, password, now)]
    for _ in range(tried - len(known)):
        hashing.matches(None, password)
    if len(right) > 1:
        raise SignInRefused(
            N_("Several accounts share this number. Please use your e-mail or login ID instead.")
        )
    if not right:
        raise _wrong()
    return Person("member", right[0])


def _wrong() -> SignInRefused:
    return SignInRefused(N_("What you typed or the password isn't right. Please check both."))


def _held(data: Connection, members: Sequence[UUID]) -> dict[UUID, str]:
    """Return the hashes of those members who have a password."""
    found = ((member, passwords.stored_for(data, member)) for member in members)
    return {member: stored for member, stored in found if stored}


def _matches(data: Connection, member: UUID, stored: str, password: str, now: datetime) -> bool:
    right = hashing.matches(stored, password)
    if right and hashing.outdated(stored):
        passwords.keep(data, member, hashing.make(password), now)
    return right


def check_staff(data: Connection, login_id: str, password: str) -> Row[tuple[object, ...]]:
    """Return the row of the staff member whose password this is, or raise `SignInRefused`."""
    staff, login = ops.staff, login_id.strip().lower()
    # The portal's role can't list hashes: a function gives the one of an exact login.
    seen: list[ColumnElement[object]] = [c for c in staff.c if c.name != "password_hash"]
    seen.append(func.ops.staff_secret(login).label("password_hash"))
    wanted = func.lower(staff.c.login_id) == login
    row: Any = data.execute(select(*seen).where(wanted)).one_or_none()
    stored = row.password_hash if row else None
    if not hashing.matches(stored, password) or row is None:
        raise _wrong()
    if hashing.outdated(row.password_hash):
        fresh = update(staff).where(staff.c.staff_id == row.staff_id)
        data.execute(fresh.values(password_hash=hashing.make(password)))
    return cast("Row[tuple[object, ...]]", row)


def require_standing(row: Row[tuple[object, ...]], now: datetime) -> Person:
    """Return the staff member, unless they left or their password is overdue (clause 8; P26)."""
    require_employed(row)
    if row.password_set_on is None:
        raise SignInRefused(
            N_("This password is for the first sign-in only. Choose your own, then sign in.")
        )
    if password_overdue(row.password_set_on, seoul_day(now)):
        days = law().staff.password_days
        raise SignInRefused(
            N_("Your password is older than {n} days. Change it, then sign in."), n=days
        )
    return Person("staff", row.staff_id)


def require_employed(row: Row[tuple[object, ...]]) -> None:
    """Raise `SignInRefused` for a staff account that has ended."""
    if row.ended_at is not None:
        raise SignInRefused(N_("This staff account has ended. Please ask your privacy officer."))


def require_fresh(row: Row[tuple[object, ...]], now: datetime) -> None:
    """Raise `SignInRefused` for a password given for the first sign-in that waited too long."""
    if row.password_set_on is not None:
        return
    good = timedelta(days=law().staff.first_password_days)
    if row.password_given_at is None or now - row.password_given_at > good:
        raise SignInRefused(
            N_("This first password has ended. Please ask your privacy officer for a new one.")
        )
