"""The desk's lists of open cases: those in one's own hand, and all, by the day of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Date, Uuid, bindparam, func, literal, literal_column, or_, select, tuple_

from db.clock import seoul_day
from db.tables.cases import case as cases
from db.tables.ops import staff
from db.words import GrantEnded
from services.cases import COLUMNS, Case, of_row

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Connection

    from services.actor import Actor

PAGE_ROWS: Final = 20
_C = cases.c
# Written out as in the indexes, which hold open cases alone: the planner has to see it.
_OF_AN_INDEX = _C.kind != literal_column("'request'")
_OPEN = (
    _C.closed_at.is_(None), _OF_AN_INDEX, or_(_C.kind == "call", _C.kind == "recovery")
)  # fmt: skip
_BY = (_C.due_on, _C.case_id)
_LISTED = select(*COLUMNS).join(staff, staff.c.staff_id == _C.staff_id).where(*_OPEN)

_NOBODYS: Final = (GrantEnded.TURNED_14, GrantEnded.GUARDIAN_ENDED)
"""Nothing can be done any more for who asked."""


@dataclass(frozen=True)
class Page:
    """Some open cases by deadline; `after` leads to the next ones, None at the end."""

    rows: tuple[Case, ...]
    after: tuple[date, UUID] | None


@dataclass(frozen=True)
class Own:
    """Some of the open cases in one's hand, those due first: the `first` of `total` is number 1."""

    rows: tuple[Case, ...]
    first: int
    total: int


def own(connection: Connection, actor: Actor, page: int, but: UUID | None = None) -> Own:
    """Return a page of those in one's own hand, from 0, without the case `but`: one query.

    Of a page after the last, which came when cases were closed, the first page: one query more.
    """
    query = _LISTED.add_columns(func.count().over()).where(_C.staff_id == actor.person)
    if but is not None:
        query = query.where(_C.case_id != but)
    start = page * PAGE_ROWS
    chosen = query.order_by(*_BY).limit(PAGE_ROWS).offset(start)
    found = [tuple(row) for row in connection.execute(chosen)]
    if not found and page:
        return own(connection, actor, 0, but)
    total = found[0][-1] if found else 0
    return Own(tuple(of_row(row[:-1]) for row in found), start + 1, total)


def mine(connection: Connection, actor: Actor) -> tuple[Case, ...]:
    """Return the open cases in one's own hand, those due first: one query."""
    query = _LISTED.where(_C.staff_id == actor.person).order_by(*_BY).limit(PAGE_ROWS)
    return tuple(of_row(tuple(row)) for row in connection.execute(query))


def page(connection: Connection, after: tuple[date, UUID] | None) -> Page:
    """Return the open cases that come after a place in the list: one query, only what is shown."""
    query = _LISTED.order_by(*_BY).limit(PAGE_ROWS + 1)
    if after is not None:
        day, case_id = after
        place = tuple_(literal(day, Date), literal(case_id, Uuid))
        query = query.where(tuple_(*_BY) > place)
    found = [of_row(tuple(row)) for row in connection.execute(query)]
    rows = tuple(found[:PAGE_ROWS])
    more = len(found) > PAGE_ROWS
    return Page(rows, (rows[-1].due_on, rows[-1].case_id) if more else None)


def count(connection: Connection, actor: Actor) -> int:
    """Return how many cases one has in hand."""
    query = select(func.count()).select_from(cases)
    own = query.where(*_OPEN, _C.staff_id == bindparam("staff", actor.person, type_=Uuid))
    return int(connection.scalar(own) or 0)


def days_left(case: Case, actor: Actor) -> int:
    """Return how many days are left for the answer; below 0 when its day is over."""
    return (case.due_on - seoul_day(actor.at)).days


def next_step(case: Case, actor: Actor) -> str:
    """Return what is to be done next, as a word that `case_view` has a sentence for."""
    if case.suspended_at is not None:
        return "suspended"
    if case.grant_ended in _NOBODYS:
        return str(case.grant_ended)
    if case.nameless or not case.verified:
        return "name" if case.nameless else "verify"
    if days_left(case, actor) < 0:
        return "late"
    return "act" if case.runs(actor.at) else "go_on"
