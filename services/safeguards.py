"""What protects outside the portal: who looked last, and until when that counts (clause 8, P42).

The portal checks the files it is given (`services.files`). Whether a virus scanner runs or a
firewall is shut it can't see: an officer looks and says so, each thing by itself. A confirmation is
only ever added; what nobody confirmed is missing, and what was confirmed too long ago is overdue.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from db.clock import seoul_day
from db.errors import PortalError
from db.law import law
from db.policy import in_force
from db.tables.ops import safeguard_confirmation as rows
from db.tables.ops import staff
from db.words import N_
from services import ledger
from services.actor import AccessDenied, Permission, page_opens
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sqlalchemy import Connection

    from db.law import Check, Outside
    from db.period import Period
    from db.policy_facts import Words
    from services.actor import Actor

PAGE = "/desk-officer"


class ConfirmationRefused(PortalError):  # noqa: N818 (the sentence says what is missing)
    """A safeguard can't be confirmed like this."""


class State(StrEnum):
    """How a safeguard, or one thing to look at, stands today."""

    CONFIRMED = "confirmed"
    MISSING = "missing"
    OVERDUE = "overdue"


@dataclass(frozen=True)
class Looked:
    """One thing to look at: when somebody last did, who, and the last day for which it counts."""

    check: str
    name: Words
    state: State
    on: date | None = None
    staff_no: str | None = None
    until: date | None = None


@dataclass(frozen=True)
class Safeguard:
    """One safeguard outside the portal, as named by the policy."""

    safeguard: str
    name: Words
    every: Period
    looked: tuple[Looked, ...]

    @property
    def state(self) -> State:
        """Return the worst of its parts: what is missing comes before what is overdue."""
        states = {one.state for one in self.looked}
        worst = (State.MISSING, State.OVERDUE, State.CONFIRMED)
        return next(state for state in worst if state in states)

    @property
    def until(self) -> date | None:
        """Return the last day on which all of it counts; None while something is missing."""
        ends = [one.until for one in self.looked if one.until]
        return min(ends) if len(ends) == len(self.looked) else None


def listed(connection: Connection, today: date) -> tuple[Safeguard, ...]:
    """Return the policy's safeguards outside the portal, in its order: one query."""
    last = _last(connection)
    named = {one.id: one.name for one in in_force(today).safeguards}
    outside = {one.id: one for one in law().outside}
    return tuple(
        Safeguard(
            name, words, outside[name].every,
            tuple(_looked(outside[name], check, last, today) for check in outside[name].checks),
        )
        for name, words in named.items()
        if name in outside
    )  # fmt: skip


def open_ones(connection: Connection, today: date) -> int:
    """Return how many safeguards are missing or overdue."""
    return sum(one.state is not State.CONFIRMED for one in listed(connection, today))


def confirm(
    connection: Connection, actor: Actor, safeguard: str, checks: Iterable[str], checked_on: date
) -> None:
    """Write down that somebody looked on a day; the ledger says who confirmed it.

    Raise `ConfirmationRefused`; `AccessDenied` for anybody but an officer, and `StepUpRequired`
    without a verification.
    """
    _officer(actor)
    outside = _outside(safeguard, seoul_day(actor.at))
    asked = set(checks)
    seen = [check.id for check in outside.checks if check.id in asked]
    if not seen or len(seen) != len(asked):
        raise ConfirmationRefused(N_("Please choose what was looked at."))
    if checked_on > seoul_day(actor.at):
        raise ConfirmationRefused(N_("That day has not come yet."))
    if outside.every.ends_on(checked_on) < seoul_day(actor.at):
        raise ConfirmationRefused(N_("That was too long ago to count. Please look again."))
    connection.execute(
        insert(rows).values(
            confirmation_id=uuid4(), safeguard=safeguard, checks=seen, checked_on=checked_on,
            confirmed_by=actor.person, confirmed_at=actor.at,
        )
    )  # fmt: skip
    entry = ledger.Entry(EventName.SAFEGUARD_CONFIRMED, None, page=PAGE, reason=safeguard)
    ledger.write(connection, actor, entry)


def _officer(actor: Actor) -> None:
    if not page_opens(Permission.OFFICER_DESK, actor):
        raise AccessDenied(N_("This page is not open to you."))
    actor.require_verification()


def _outside(safeguard: str, today: date) -> Outside:
    named = {one.id for one in in_force(today).safeguards}
    for one in law().outside:
        if one.id == safeguard and safeguard in named:
            return one
    raise ConfirmationRefused(N_("The policy names no such safeguard."))


def _last(connection: Connection) -> dict[tuple[str, str], Any]:
    """Return, for each thing ever looked at, the row of the latest look."""
    each = select(rows, func.unnest(rows.c.checks).label("one")).subquery()
    query = (
        select(each.c.safeguard, each.c.one, each.c.checked_on, staff.c.staff_no)
        .join(staff, staff.c.staff_id == each.c.confirmed_by)
        .ext(distinct_on(each.c.safeguard, each.c.one))
        .order_by(
            each.c.safeguard, each.c.one, each.c.checked_on.desc(), each.c.confirmed_at.desc()
        )
    )
    return {(row.safeguard, row.one): row for row in connection.execute(query)}


def _looked(
    outside: Outside, check: Check, last: dict[tuple[str, str], Any], today: date
) -> Looked:
    row = last.get((outside.id, check.id))
    if row is None:
        return Looked(check.id, check.name, State.MISSING)
    until = outside.every.ends_on(row.checked_on)
    state = State.CONFIRMED if today <= until else State.OVERDUE
    return Looked(check.id, check.name, state, row.checked_on, row.staff_no, until)
