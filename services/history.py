"""Who looked at or changed a member's data: the ledger, in the order and words of the member.

A member's own looks are one line a day; everything else is a line of its own (clause 9, P29).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    Date,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    func,
    not_,
    null,
    select,
)

from db.clock import seoul_day
from db.tables.cases import case as cases
from db.tables.ledger import event as events
from db.tables.ledger import seal as seals
from db.tables.member import STORES
from db.tables.ops import staff
from db.words import ActorKind, StaffRole, VerifiedBy
from services import later
from services.gathering import Gathered, ordered
from services.ledger import LOOKS

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import CTE

    from db.words import Store
    from services.gathering import Row
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
class CaseOf:
    """In which case of the staff something happened; `verified_by`: how they knew who asked."""

    case_id: UUID
    no: str | None
    verified_by: VerifiedBy | None
    suspended: bool


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
    case: CaseOf | None = None

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
    """Return page `number` (from 1), the newest line first: one query, whatever there is."""
    found = _asked(subject.tables.store, only_others=only_others).ask(
        subject.connection,
        member=subject.member_id,
        today=subject.today,
        guardian=subject.guardian,
        looks=sorted(LOOKS),
        most=rows,
        skip=(max(number, 1) - 1) * rows,
    )
    guardians = {row["guardian_id"]: n for n, row in enumerate(found["guardians"], start=1)}
    sealed = found["sealed"][0]["day"] or date.min
    return History(
        tuple(_line(subject, row, guardians, sealed) for row in found["lines"]),
        found["count"][0]["count"],
    )


_MEMBER = bindparam("member", type_=Uuid)
_LOOKS = bindparam("looks", type_=ARRAY(Text))


@cache
def _asked(store: Store, *, only_others: bool) -> Gathered:
    groups = _groups(store, only_others=only_others)
    return Gathered(
        lines=_lines(groups),
        count=select(func.count().label("count")).select_from(groups),
        guardians=_guardians(store),
        sealed=select(func.max(seals.c.day).label("day")),
    )


def _groups(store: Store, *, only_others: bool) -> CTE:
    """Return lines: of the member's own looks one a day, of all else one each."""
    by_self = and_(events.c.actor_kind == ActorKind.SELF, events.c.actor_id == _MEMBER)
    own = func.coalesce(by_self, False)
    looks = and_(own, events.c.allowed, events.c.name == func.any(_LOOKS))
    day = cast(func.timezone("Asia/Seoul", events.c.at), Date)
    mine = and_(events.c.member_id == _MEMBER, later.shown(store))
    return (
        select(
            func.max(events.c.event_id).label("event_id"),
            func.count().label("count"),
            func.bool_and(looks, type_=Boolean).label("looks"),
        )
        .where(and_(mine, not_(own)) if only_others else mine)
        .group_by(case((looks, day)), case((looks, null()), else_=events.c.event_id))
        .cte("groups")
    )


def _lines(groups: CTE) -> Select[Any]:
    """Return one page of the lines with what each says."""
    c = events.c
    page = (
        select(
            groups.c.count, groups.c.looks, c.event_id, c.at, c.name, c.allowed, c.purpose,
            c["items"], c.actor_kind, c.actor_id, staff.c.staff_no, staff.c.role, cases.c.case_id,
            cases.c.case_no, cases.c.verified_by, cases.c.suspended_at,
        )
        .select_from(
            groups.join(events, c.event_id == groups.c.event_id)
            .outerjoin(staff, staff.c.staff_id == c.actor_id)
            # The case of one's child is the child's, and is stopped there.
            .outerjoin(cases, and_(cases.c.case_id == c.case_id, cases.c.member_id == c.member_id))
        )
        .order_by(c.at.desc(), c.event_id.desc())
        .limit(bindparam("most", type_=Integer))
        .offset(bindparam("skip", type_=Integer))
        .subquery("page")
    )  # fmt: skip
    return ordered(select(page), page.c.at.desc(), page.c.event_id.desc())


def _guardians(store: Store) -> Select[Any]:
    """Return each guardian once. A link that ended stays a row, so their numbers don't move."""
    link = STORES[store].guardianship.c
    first = func.min(link.started_on)
    each = select(link.guardian_id).where(link.member_id == _MEMBER).group_by(link.guardian_id)
    return ordered(each, first, link.guardian_id)


def _who(subject: Subject, row: Row, guardians: dict[UUID, int]) -> Who:
    person, kind = row["actor_id"], ActorKind(row["actor_kind"])
    if kind in {ActorKind.STAFF, ActorKind.SYSTEM}:
        return Who(kind)
    if person == subject.member_id:
        # Staff in a case read it as the member does.
        me = subject.actor.person == person or subject.in_case
        return Who.ME if me else Who.CHILD
    if kind is ActorKind.GUARDIAN or person in guardians:
        return Who.ME_AS_GUARDIAN if subject.actor.person == person else Who.GUARDIAN
    return Who.ANOTHER_MEMBER


def _line(subject: Subject, row: Row, guardians: dict[UUID, int], sealed: date) -> Line:
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
        _case(row),
    )


def _case(row: Row) -> CaseOf | None:
    if row["case_id"] is None:
        return None
    by = row["verified_by"]
    return CaseOf(
        row["case_id"], row["case_no"],
        VerifiedBy(by) if by else None, row["suspended_at"] is not None,
    )  # fmt: skip
