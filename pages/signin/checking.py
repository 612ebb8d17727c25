"""Checks a password: counts the attempt, waits its turn, looks, forgets what was right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.identity import accounts, attempts, hashing
from services.identity.people import Person

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from pages.signin.context import SignInContext
    from pages.signin.visit import Visit
    from services.identity.people import Kind

LONGEST_TYPED = 254
LONGEST_PASSWORD = 1024


def check(context: SignInContext, kind: Kind, visit: Visit, *, renewing: bool = False) -> Person:
    """Return whose identifier and password the form holds.

    Raise `WaitFirst` while a delay runs, `TooBusy` in a crowd and `SignInRefused` otherwise. The
    count is committed before the password is looked at: guesses at the same instant all count.
    `renewing`: a staff password past its term is still good for choosing the next.
    """
    typed = visit.sent("identifier")[:LONGEST_TYPED]
    password = visit.sent("password")[:LONGEST_PASSWORD]
    now = context.clock()
    key = attempts.digest(context.keyring, kind, typed)
    address = attempts.address_digest(context.keyring, visit.address)
    with context.databases.keys.begin() as keys:
        attempts.pace(keys, address, now)
    with context.databases.keys.begin() as keys:
        attempts.count(keys, key, now)
        known = accounts.members_typed(keys, context.keyring, typed) if kind == "member" else ()
    with hashing.turn():
        person = _look(context, kind, (typed, password), known, now, renewing=renewing)
    with context.databases.keys.begin() as keys:
        attempts.forget(keys, key, address, now)
    return person


def _look(
    context: SignInContext,
    kind: Kind,
    said: tuple[str, str],
    known: Sequence[UUID],
    now: datetime,
    *,
    renewing: bool,
) -> Person:
    with context.databases.data.begin() as data:
        if kind == "member":
            return accounts.check_members(
                data, known, said[1], now, accounts.passwords_tried(said[0])
            )
        row = accounts.check_staff(data, *said)
        if not renewing:
            return accounts.require_standing(row, now)
        accounts.require_employed(row)
        accounts.require_fresh(row, now)
        return Person("staff", row.staff_id)
