"""What "Edit my data" shows of one item: what is held, what is under way, who would be told."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, DateTime, Select, Text, Uuid, any_, bindparam, func, select

from db.declarations import ITEMS
from db.tables.ledger import event
from db.tables.member import STORES
from db.words import RequestState
from services import clearing, profile, restriction, restriction_rows, telling
from services.actor import Relation
from services.gathering import Gathered, ordered
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.sql.base import ReadOnlyColumnCollection

    from db.declarations import Item
    from db.words import Store
    from services.profile import Held
    from services.restriction import Restriction
    from services.subject import Subject

    Columns = ReadOnlyColumnCollection[str, ColumnElement[Any]]

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
    """One item. `told`: companies' names.

    `link_until`: until when a new e-mail address waits for its link, a number for its code.
    """

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
    hidden: bool = False
    """Whether a guardian neither sees nor changes it until a dispute is decided."""
    by_code: bool = False
    """Whether a new one counts once a code sent there was entered: a guardian gives it."""

    @property
    def held(self) -> tuple[Held, ...]:
        """Return the values that are held, without those that were cleared."""
        return tuple(value for value in self.values if value.cleared_at is None)


def read(subject: Subject, name: str) -> Editing:
    """Return an item in full: one query for every item and whatever is held.

    Raise `StepUpRequired` without a fresh verification.
    """
    subject.actor.require_verification()
    item, follows = ITEMS[name], clearing.follows((name,))
    found = _asked(subject.tables.store).ask(
        subject.connection,
        member=subject.member_id,
        today=subject.today,
        now=subject.at,
        item=name,
        items=list(follows),
        changes=list(_CHANGES),
        change=None,
    )
    request = next(iter(found["request"]), {})
    restricted = restriction.grouped(found["restrictions"])
    return Editing(
        item,
        tuple(profile.values(subject, found["values"], plain=True).get(name, ())),
        next((one for one in restricted if one.item == name), None),
        request.get("request_id"),
        request.get("due_on"),
        next((row["expires_at"] for row in found["link"]), None),
        tuple(row["name"] for row in found["told"]),
        tuple(Change(EventName(row["name"]), row["at"]) for row in found["changes"]),
        clearing.free(name, next((row["day"] for row in found["of_age"]), None), subject.today),
        follows[1:],
        hidden=subject.hides(name),
        by_code=name == "mobile" and subject.relation is Relation.GUARDIAN,
    )


_MEMBER, _ITEM = bindparam("member", type_=Uuid), bindparam("item", type_=Text)


@cache
def _asked(store: Store) -> Gathered:
    tables = STORES[store]
    member, value = tables.member.c, tables.profile_value
    mine = select(value).where(value.c.member_id == _MEMBER, value.c.item == _ITEM)
    of_age = select(member.turns_14_on.label("day")).where(member.member_id == _MEMBER)
    return Gathered(
        values=ordered(mine, value.c.seq),
        restrictions=restriction_rows.open_ones(store),
        request=_request(tables.request.c),
        link=_link(tables.pending_value.c),
        told=telling.who_has(store),
        changes=_changes(),
        of_age=of_age,
    )


def _request(table: Columns) -> Select[Any]:
    """Return the open request about the item that is due first."""
    return (
        select(table.request_id, table.due_on)
        .where(table.member_id == _MEMBER, table.item == _ITEM, table.state == RequestState.OPEN)
        .order_by(table.due_on, table.request_id)
        .limit(1)
    )


def _link(table: Columns) -> Select[Any]:
    """Return until when a new value waits for its link."""
    waits = table.expires_at > bindparam("now", type_=DateTime(timezone=True))
    return select(table.expires_at).where(table.member_id == _MEMBER, table.item == _ITEM, waits)


def _changes() -> Select[Any]:
    """Return what happened to the item last."""
    c = event.c
    last = (
        select(c.name, c.at, c.event_id)
        .where(
            c.member_id == _MEMBER,
            c.name == func.any(bindparam("changes", type_=ARRAY(Text))),
            any_(c["items"]) == _ITEM,
        )
        .order_by(c.at.desc(), c.event_id.desc())
        .limit(LINES)
        .subquery("last")
    )
    return ordered(select(last.c.name, last.c.at), last.c.at.desc(), last.c.event_id.desc())
