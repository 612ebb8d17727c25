"""Stopping uses of one's data, and what is disputed until it is put right (clause 9; art. 37)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, Uuid, bindparam, func, select

from db import policy
from db.clock import SEOUL
from db.errors import PortalError
from db.law import law
from db.tables.member import STORES
from db.words import N_, RIGHTS, Change, Purpose, RequestKind, RequestState, RestrictionWhy
from services import ledger, request_notices, requests, restriction_rows
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from uuid import UUID

    from db.law import Continuing
    from db.policy_facts import Words
    from db.words import Store
    from services.gathering import Row
    from services.subject import Subject


class StopRefused(PortalError):  # noqa: N818 (the sentence is what happened, not a failure)
    """There is nothing to stop, or it is stopped already; the sentence says so."""


@dataclass(frozen=True)
class Continues:
    """What goes on although it is stopped, why, and until which day (None: without an end)."""

    id: str
    purposes: frozenset[Purpose]
    name: Words
    why: Words
    citation: Words
    until: date | None


@dataclass(frozen=True)
class Restriction:
    """What is restricted now, by one request: an item that is disputed, or uses that are stopped.

    `scope`: the use or group of uses (clause 1) that was stopped, None for all. `blocked`: how many
    uses were kept from happening, the last one at `last_blocked_at`. `state`: how far its request
    is, None where there is none.
    """

    request_id: UUID | None
    why: RestrictionWhy
    item: str | None
    scope: str | None
    purposes: frozenset[Purpose | None]
    started_at: datetime
    blocked: int
    last_blocked_at: datetime | None
    state: RequestState | None


def purposes_of(scope: str | None, today: date) -> frozenset[Purpose]:
    """Return the uses of clause 1 that a scope names: one, those of a group, or all (None)."""
    groups = policy.in_force(today).purposes
    return frozenset(
        use.id for group in groups for use in group.uses if scope in (None, group.id, use.id)
    )


def what_continues(subject: Subject, purposes: Iterable[Purpose]) -> tuple[Continues, ...]:
    """Return what goes on if these uses are stopped, and why: at most one query."""
    chosen = frozenset(purposes)
    if not any(one.records for one in _named(chosen)):
        return going_on(chosen, (), subject.today)
    own, given = last_events(subject.tables.store), {"member": subject.member_id}
    return going_on(chosen, subject.connection.execute(own, given).mappings().all(), subject.today)


def going_on(
    purposes: Iterable[Purpose], last: Iterable[Mapping[Any, Any]], today: date
) -> tuple[Continues, ...]:
    """Return what goes on if these uses are stopped, and why; `last`: rows of `last_events`."""
    days = {row["kind"]: row["day"] for row in last}
    found = (_continues(one, days, today) for one in _named(purposes))
    return tuple(one for one in found if one is not None)


def _named(purposes: Iterable[Purpose]) -> list[Continuing]:
    chosen = frozenset(purposes) | RIGHTS
    return [one for one in law().continuing if chosen & frozenset(one.purposes)]


@cache
def last_events(store: Store) -> Select[Any]:
    """Return the day of the last record of each kind; it takes `member`."""
    table = STORES[store].record.c
    own = table.member_id == bindparam("member", type_=Uuid)
    return (
        select(table.kind, func.max(table.event_date).label("day")).where(own).group_by(table.kind)
    )


def _continues(one: Continuing, last: dict[str, date], today: date) -> Continues | None:
    until = None
    if one.records:
        held = [last[kind] for kind in one.records if kind in last]
        if not held:
            return None
        if one.within_days is not None:
            until = max(held) + timedelta(days=one.within_days)
            if until < today:
                return None
    return Continues(one.id, frozenset(one.purposes), one.name, one.why, one.citation, until)


def dispute(subject: Subject, item: str, request_id: UUID) -> None:
    """Refuse an item to every use but the member's rights until its request is decided (P32).

    `requests.make` does this for a correction; a second call changes nothing.
    """
    if not any(one.request_id == request_id for one in in_force(subject)):
        scope = (item, None, subject.at)
        restriction_rows.begin(subject, RestrictionWhy.DISPUTED, request_id, [scope])


def stop(subject: Subject, scope: str | None) -> UUID:
    """Stop a use, a group of uses, or all (None) at once, while it is decided; return the request.

    What `what_continues` names goes on, until its day if it has one. Raise `StopRefused` when that
    is all there is, or when the same is stopped already.
    """
    wanted = purposes_of(scope, subject.today)
    if any(o.why is RestrictionWhy.STOPPED and o.scope == scope for o in in_force(subject)):
        raise StopRefused(N_("This is stopped already."))
    starts = _starts(subject, wanted)
    if not starts:
        raise StopRefused(N_("All of this has to go on; the reasons stand beside it."))
    request_id = requests.make(subject, RequestKind.RESTRICTION, purpose=scope)
    _begin(subject, request_id, starts)
    return request_id


def again(subject: Subject, request_id: UUID, scope: str | None) -> None:
    """Stop what an objection that was right had asked to be stopped; it is decided already."""
    _begin(subject, request_id, _starts(subject, purposes_of(scope, subject.today)))


def _starts(subject: Subject, wanted: frozenset[Purpose]) -> dict[Purpose, datetime]:
    """Return from when each use is stopped: now, after what goes on for a while, or never."""
    starts = dict.fromkeys(wanted, subject.at)
    for one in what_continues(subject, wanted):
        for purpose in one.purposes & starts.keys():
            if one.until is None:
                del starts[purpose]
            else:
                starts[purpose] = _day_after(one.until)
    return starts


def _begin(subject: Subject, request_id: UUID, starts: dict[Purpose, datetime]) -> None:
    scopes = [(None, purpose, since) for purpose, since in sorted(starts.items())]
    restriction_rows.begin(subject, RestrictionWhy.STOPPED, request_id, scopes)
    request_notices.companies_of_uses(subject, Change.RESTRICTED, starts, request_id)
    _note(subject, EventName.PROCESSING_STOPPED)


def _day_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), SEOUL)


def lift(subject: Subject, request_id: UUID) -> None:
    """Let the stopped uses go on, at the member's will and at once.

    A stop that is still being decided is taken back with it. Raise `StopRefused` when nothing is
    stopped by it any more.
    """
    found = next((o for o in in_force(subject) if o.request_id == request_id), None)
    if found is None or found.why is not RestrictionWhy.STOPPED:
        raise StopRefused(N_("This is not stopped any more."))
    if found.state is RequestState.OPEN:
        requests.take_back(subject, request_id)
    else:
        restriction_rows.end(subject, request_id)
    ended(subject, request_id, found)
    request_notices.let_go_on(subject, request_id, found.scope)


def ended(subject: Subject, request_id: UUID, was: Restriction) -> None:
    """Say that what was stopped goes on, to companies and in the ledger."""
    uses = frozenset(purpose for purpose in was.purposes if purpose is not None)
    request_notices.companies_of_uses(subject, Change.RESTRICTION_LIFTED, uses, request_id)
    _note(subject, EventName.PROCESSING_RESUMED)


def in_force(subject: Subject) -> tuple[Restriction, ...]:
    """Return what is restricted now, the latest first: one query."""
    rows = subject.connection.execute(
        restriction_rows.open_ones(subject.tables.store), {"member": subject.member_id}
    ).mappings()
    return grouped([dict(row) for row in rows])


def grouped(rows: Iterable[Row]) -> tuple[Restriction, ...]:
    """Return the rows of `restriction_rows.open_ones`, those of one request as one restriction."""
    found: dict[object, list[Row]] = {}
    for row in rows:
        found.setdefault(row["request_id"] or row["restriction_id"], []).append(row)
    return tuple(_one(held) for held in found.values())


def _one(rows: list[Row]) -> Restriction:
    first = rows[0]
    return Restriction(
        first["request_id"],
        RestrictionWhy(first["why"]),
        first["item"],
        first["scope"],
        frozenset(Purpose(row["purpose"]) if row["purpose"] else None for row in rows),
        min(row["started_at"] for row in rows),
        sum(row["blocked"] for row in rows),
        max((row["last_blocked_at"] for row in rows if row["last_blocked_at"]), default=None),
        RequestState(first["state"]) if first["state"] else None,
    )


def _note(subject: Subject, name: EventName) -> None:
    entry = ledger.Entry(name, subject.member_id, Purpose.CORRECT)
    ledger.write(subject.connection, subject.actor, entry)
