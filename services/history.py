"""Who looked at or changed a member's data: the ledger, in the order and words of the member.

A member's own looks are one line a day; everything else is a line of its own (clause 9, P29).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Date, and_, case, cast, func, not_, null, select

from db.clock import seoul_day
from db.tables.ledger import event as events
from db.tables.ops import staff
from db.words import ActorKind, StaffRole
from services import later, seal
from services.ledger import LOOKS

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import ColumnElement, RowMapping, Subquery

    from services.subject import Subject

PAGE_ROWS = 20


class Who(StrEnum):
    """Whom a line is about, as seen by who reads it."""

    ME = "me"
    ME_AS_GUARDIAN = "me_as_guardian"
    CHILD = "child"
    GUARDIAN = "guardian"
    ANOTHER_MEMBER = "another_member"
    STAFF = "staff"
    SYSTEM = "system"


@dataclass(frozen=True)
class Line:
    """One event, or `count` own looks of one day, the newest at `at`.

    `guardian` numbers a child's guardians from 1 in the order in which they became so; `staff_no`
    and `role` name staff. `sealed` is whether the day is over and sealed.
    """

    at: datetime
    name: str
    who: Who
    count: int
    looks: bool
    allowed: bool
    sealed: bool
    purpose: str | None = None
    items: tuple[str, ...] = ()
    guardian: int | None = None
    staff_no: str | None = None
    role: StaffRole | None = None

    @property
    def day(self) -> date:
        """Return the day in Seoul."""
        return seoul_day(self.at)


@dataclass(frozen=True)
class History:
    """One page of lines, and how many lines there are."""

    lines: tuple[Line, ...]
    count: int


def read(subject: Subject, number: int, *, only_others: bool, rows: int = PAGE_ROWS) -> History:
    """Return page `number` (from 1), the newest line first: four queries, whatever there is."""
    connection, groups = subject.connection, _groups(subject, only_others=only_others)
    count = connection.scalar(select(func.count()).select_from(groups)) or 0
    page = (
        select(groups.c.count, groups.c.looks, events, staff.c.staff_no, staff.c.role)
        .join(events, events.c.event_id == groups.c.event_id)
        .outerjoin(staff, staff.c.staff_id == events.c.actor_id)
        .order_by(events.c.at.desc(), events.c.event_id.desc())
        .limit(rows)
        .offset((max(number, 1) - 1) * rows)
    )
    found = connection.execute(page).mappings().all()
    guardians, newest = _guardians(subject), seal.latest(connection)
    sealed = newest.day if newest else date.min
    return History(tuple(_line(subject, row, guardians, sealed) for row in found), count)


def _own(member_id: UUID) -> ColumnElement[bool]:
    return and_(events.c.actor_kind == ActorKind.SELF, events.c.actor_id == member_id)


def _groups(subject: Subject, *, only_others: bool) -> Subquery:
    """Return lines: of the member's own looks one a day, of all else one each."""
    member_id = subject.member_id
    own = func.coalesce(_own(member_id), False)
    looks = and_(own, events.c.allowed, events.c.name.in_(LOOKS))
    day = cast(func.timezone("Asia/Seoul", events.c.at), Date)
    mine = and_(events.c.member_id == member_id, later.shown(subject))
    return (
        select(
            func.max(events.c.event_id).label("event_id"),
            func.count().label("count"),
            func.bool_and(looks).label("looks"),
        )
        .where(and_(mine, not_(own)) if only_others else mine)
        .group_by(case((looks, day)), case((looks, null()), else_=events.c.event_id))
        .subquery()
    )


def _guardians(subject: Subject) -> dict[UUID, int]:
    """Return each guardian's number. A link that ended stays a row, so numbers don't move."""
    link = subject.tables.guardianship.c
    rows = subject.connection.execute(
        select(link.guardian_id)
        .where(link.member_id == subject.member_id)
        .group_by(link.guardian_id)
        .order_by(func.min(link.started_on), link.guardian_id)
    )
    return {row.guardian_id: number for number, row in enumerate(rows, start=1)}


def _who(subject: Subject, row: RowMapping, guardians: dict[UUID, int]) -> Who:
    person, kind = row["actor_id"], ActorKind(row["actor_kind"])
    if kind in {ActorKind.STAFF, ActorKind.SYSTEM}:
        return Who(kind)
    if person == subject.member_id:
        return Who.ME if subject.actor.person == person else Who.CHILD
    if kind is ActorKind.GUARDIAN or person in guardians:
        return Who.ME_AS_GUARDIAN if subject.actor.person == person else Who.GUARDIAN
    return Who.ANOTHER_MEMBER


def _line(subject: Subject, row: RowMapping, guardians: dict[UUID, int], sealed: date) -> Line:
    role: Any = row["role"]
    return Line(
        row["at"],
        row["name"],
        _who(subject, row, guardians),
        row["count"],
        row["looks"],
        row["allowed"],
        seoul_day(row["at"]) <= sealed,
        row["purpose"],
        tuple(row["items"] or ()),
        guardians.get(row["actor_id"]),
        row["staff_no"],
        StaffRole(role) if role else None,
    )
