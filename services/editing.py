"""What "Edit my data" shows of one item: what is held, what is under way, who would be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from db.declarations import ITEMS
from db.tables.ledger import event
from db.words import RequestState
from services import clearing, profile, restriction, telling
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from db.declarations import Item
    from services.profile import Held
    from services.restriction import Restriction
    from services.subject import Subject

LINES = 5
_CHANGES = (
    EventName.VALUE_CORRECTED, EventName.VALUE_CLEARED, EventName.CONFIRMATION_ASKED,
    EventName.REQUEST_MADE, EventName.REQUEST_TAKEN_BACK, EventName.REQUEST_GRANTED,
    EventName.REQUEST_REFUSED,
)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One line of an item's history; the old values themselves are not kept."""

    name: EventName
    at: datetime


@dataclass(frozen=True)
class Editing:
    """One item. `link_until`: a new e-mail address waits for its link. `told`: companies' names."""

    item: Item
    values: tuple[Held, ...]
    restricted: Restriction | None
    request_id: UUID | None
    due_on: date | None
    link_until: datetime | None
    told: tuple[str, ...]
    changes: tuple[Change, ...]
    clears_at_once: bool
    follows: tuple[str, ...]

    @property
    def held(self) -> tuple[Held, ...]:
        """Return the values that are held, without those that were cleared."""
        return tuple(value for value in self.values if value.cleared_at is None)


def read(subject: Subject, name: str) -> Editing:
    """Return an item in full: as many queries for every item and whatever is held.

    Raise `StepUpRequired` without a fresh verification.
    """
    item = ITEMS[name]
    held = {one.item.name: one.values for group in profile.held(subject, plain=True).groups.values()
            for one in group}  # fmt: skip
    request_id, due_on = _request(subject, name)
    found = (one for one in restriction.in_force(subject) if one.item == name)
    return Editing(
        item,
        held.get(name, ()),
        next(found, None),
        request_id,
        due_on,
        _link(subject, name),
        telling.concerned(subject, clearing.follows((name,))),
        _changes(subject, name),
        clearing.at_once(subject, name),
        clearing.follows((name,))[1:],
    )


def _request(subject: Subject, name: str) -> tuple[UUID | None, date | None]:
    table = subject.tables.request.c
    row = subject.connection.execute(
        select(table.request_id, table.due_on)
        .where(
            table.member_id == subject.member_id,
            table.item == name,
            table.state == RequestState.OPEN,
        )
        .order_by(table.due_on, table.request_id)
        .limit(1)
    ).one_or_none()
    return (row.request_id, row.due_on) if row else (None, None)


def _link(subject: Subject, name: str) -> datetime | None:
    table = subject.tables.pending_value.c
    found: datetime | None = subject.connection.scalar(
        select(table.expires_at).where(
            table.member_id == subject.member_id,
            table.item == name,
            table.expires_at > subject.at,
        )
    )
    return found


def _changes(subject: Subject, name: str) -> tuple[Change, ...]:
    rows = subject.connection.execute(
        select(event.c.name, event.c.at)
        .where(
            event.c.member_id == subject.member_id,
            event.c.name.in_(_CHANGES),
            event.c["items"].contains([name]),
        )
        .order_by(event.c.at.desc(), event.c.event_id.desc())
        .limit(LINES)
    )
    return tuple(Change(EventName(row.name), row.at) for row in rows)
