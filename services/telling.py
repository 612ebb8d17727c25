"""Tells companies what changed: who received an item of a member's, and where it came from (P33).

A correction, clearing, consent or stop makes one row a company, in the caller's transaction; the
worker sends it (`services.dispatching`), and the company confirms by link or answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    ARRAY,
    Date,
    Select,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    literal,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.dialects.postgresql import insert

from db.clock import seoul_day
from db.declarations import ITEMS
from db.tables.member import STORES
from db.tables.ops import company, dispatch
from db.words import Change, CompanyRole, Noted, NoticeMeans
from services import jobs, journal
from services.gathering import ordered

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import CompoundSelect, Connection

    from db.tables.member import MemberTables
    from db.words import Store
    from services.gathering import Row
    from services.subject import Subject

LEFT_KEY: Final = "left"
"""The fact that a member left: once told, told for good."""
LATE_AFTER: Final = timedelta(days=10)
"""A company that has not confirmed by then is late: as long as we have ourselves (PIPA art. 36)."""


@dataclass(frozen=True)
class Progress:
    """One change and who was told of it: how many companies, how many confirmed, who is late."""

    key: str
    change: Change
    items: tuple[str, ...]
    told_at: datetime
    told: int
    answered: int
    late: tuple[str, ...] = ()
    """Names of companies."""

    @property
    def done(self) -> bool:
        """Return whether everybody has confirmed."""
        return self.answered == self.told


def tell(
    subject: Subject, change: Change, items: tuple[str, ...], *, key: str, only: str | None = None
) -> int:
    """Tell every company that has one of `items`; return how many are told now.

    Told are recipients who received an item and still keep it, and the source systems of the
    family it came from (`company.service` is its service or partner); whoever was told of an item
    before is told again. `items` are names of `db.declarations.ITEMS` (for a stop of everything:
    all of them). `key` names the fact ("corrected:<request id>"): with one key a company is told
    once. `only`: tell this company, or companies of this role, alone. Call it **before** changing
    where a value came from. One statement, and one a job.
    """
    given = {"change": change, "key": key, "items": list(items), "only": only}
    return _write(subject.connection, subject.tables, subject.member_id, given, subject.at)


def tell_of_leaving(data: Connection, tables: MemberTables, member_id: UUID, now: datetime) -> int:
    """Ask every company that has something of a member who leaves to delete it (clause 6; P21).

    Beside those whom `tell` knows, every processor whose task concerns an item that is held. Call
    it before the rows go, as the worker; return how many are asked.
    """
    given = {"change": Change.LEFT, "key": LEFT_KEY, "items": list(ITEMS), "only": None}
    return _write(data, tables, member_id, given, now)


def _write(
    data: Connection, tables: MemberTables, member_id: UUID, given: dict[str, Any], now: datetime
) -> int:
    fixed = {"member": member_id, "at": now, "today": seoul_day(now)}
    told = data.execute(_tell(tables), given | fixed).mappings().all()
    if told:
        rows = [(dispatch, row) for row in told]
        journal.note(data, Noted.TOLD, member_id, now, rows=rows)
    for row in told:
        if row["means"] != NoticeMeans.NONE:
            dispatch_id = str(row["dispatch_id"])
            jobs.defer(data, jobs.DISPATCH, member_id=str(member_id), dispatch_id=dispatch_id)
    return len(told)


_MEMBER, _TODAY = bindparam("member", type_=Uuid), bindparam("today", type_=Date)
_ITEMS = bindparam("items", type_=ARRAY(Text))
_ONLY = bindparam("only", type_=Text)
_CHANGE = bindparam("change", type_=Text)


def _received(tables: MemberTables) -> Select[Any]:
    """Return (company, item) of what was handed out and is still kept there."""
    row = tables.disclosure.c
    return select(row.recipient.label("company_id"), func.unnest(row["items"]).label("item")).where(
        row.member_id == _MEMBER,
        or_(row.kept_until.is_(None), row.kept_until >= _TODAY),
    )


def _came_from(tables: MemberTables) -> tuple[Select[Any], Select[Any]]:
    """Return (company, item) of where values and device ids came from."""
    value, device = tables.profile_value.c, tables.device.c
    source = (company.c.role == CompanyRole.SOURCE_SYSTEM) & company.c.service.is_not(None)
    return (
        select(company.c.company_id, value.item).where(
            source, value.member_id == _MEMBER,
            company.c.service.in_((value.service, value.partner)),
        ),
        select(company.c.company_id, literal("device_id", Text).label("item")).where(
            source, device.member_id == _MEMBER,
            company.c.service.in_((device.service, device.partner)),
        ),
    )  # fmt: skip


def _told_before() -> Select[Any]:
    """Return (company, item): a corrected value names us as its source, no longer the system."""
    item = func.unnest(dispatch.c["items"]).label("item")
    return (
        select(dispatch.c.company_id, item)
        .join(company)
        .where(dispatch.c.member_id == _MEMBER, company.c.role == CompanyRole.SOURCE_SYSTEM)
    )


def _processed(tables: MemberTables) -> Select[Any]:
    """Return (company, item) of the processors of what is held, where a member leaves (P21)."""
    value = tables.profile_value.c
    held = select(value.item).where(value.member_id == _MEMBER, value.sealed.is_not(None))
    item = func.unnest(company.c["items"]).table_valued(name="processed")
    return (
        select(company.c.company_id, item.column.label("item"))
        .join_from(company, item, true())
        .where(
            company.c.role == CompanyRole.PROCESSOR, _CHANGE == Change.LEFT, item.column.in_(held)
        )
    )


def _parts(tables: MemberTables) -> CompoundSelect[Any]:
    """Return (company, item) of everything that a company has of the member."""
    return union(_received(tables), *_came_from(tables), _told_before(), _processed(tables))


@cache
def _tell(tables: MemberTables) -> Select[Any]:
    """Return the statement, made once: it inserts and returns what is new."""
    one = _parts(tables).subquery()
    chosen = (
        select(
            _MEMBER, func.gen_random_uuid(), company.c.company_id, _CHANGE,
            func.array_agg(one.c.item.distinct()), bindparam("key", type_=Text), bindparam("at"),
        )
        .join(company, company.c.company_id == one.c.company_id)
        .where(
            company.c.ended_at.is_(None),
            one.c.item == func.any(_ITEMS),
            or_(cast(_ONLY, Text).is_(None), _ONLY.in_((company.c.company_id, company.c.role))),
        )
        .group_by(company.c.company_id)
    )  # fmt: skip
    columns = ("member_id", "dispatch_id", "company_id", "change", "items", "key", "created_at")
    new: Any = (
        insert(dispatch)
        .from_select(list(columns), chosen)
        .on_conflict_do_nothing()
        .returning(*(dispatch.c[name] for name in columns))
        .cte("new")
    )
    return select(*new.c, company.c.means).join(company, company.c.company_id == new.c.company_id)


@cache
def who_has(store: Store) -> Select[Any]:
    """Return the names of companies that would be told of a `change` of `items`.

    It takes `member` and `today` as well.
    """
    parts = _parts(STORES[store]).subquery()
    return ordered(
        select(company.c.name)
        .select_from(parts)
        .join(company, company.c.company_id == parts.c.company_id)
        .where(company.c.ended_at.is_(None), parts.c.item == func.any(_ITEMS))
        .group_by(company.c.company_id),
        company.c.name,
    )


def concerned(
    subject: Subject, items: tuple[str, ...], change: Change | None = None
) -> tuple[str, ...]:
    """Return the names of the companies that would be told of this change of `items`."""
    given = {
        "member": subject.member_id, "items": list(items), "today": subject.today,
        "change": change,
    }  # fmt: skip
    named = who_has(subject.tables.store).order_by("place")
    return tuple(subject.connection.scalars(named, given))


TOLD: Final[Select[Any]] = ordered(
    select(
        dispatch.c.key, dispatch.c.change, dispatch.c["items"], dispatch.c.created_at,
        dispatch.c.answered_at, dispatch.c.failed_at, company.c.name,
    )
    .join(company)
    .where(dispatch.c.member_id == _MEMBER),
    dispatch.c.created_at.desc(), dispatch.c.key, company.c.name,
)  # fmt: skip
"""Who was told what about a member and who confirmed, the newest first; it takes `member`."""


def progress(rows: Iterable[Row], now: datetime) -> tuple[Progress, ...]:
    """Return the rows of `TOLD` change by change."""
    return tuple(_progress(list(same), now) for _key, same in groupby(rows, itemgetter("key")))


def _progress(rows: list[Row], now: datetime) -> Progress:
    first = rows[0]
    waits = [row for row in rows if row["answered_at"] is None]
    late = tuple(
        row["name"] for row in waits if row["failed_at"] or row["created_at"] + LATE_AFTER < now
    )
    items = tuple(sorted({item for row in rows for item in row["items"]}))
    return Progress(
        first["key"], Change(first["change"]), items, first["created_at"], len(rows),
        len(rows) - len(waits), late,
    )  # fmt: skip


@dataclass(frozen=True)
class LateCompany:
    """A company that has not confirmed, for the desk: how many notices, no word of whose."""

    company_id: str
    name: str
    waiting: int
    failed: int
    oldest: datetime
    by_hand: bool


def late(connection: Connection, now: datetime) -> tuple[LateCompany, ...]:
    """Return companies that are late, could not be reached, or must be told by hand."""
    found = func.ops.late_companies(now - LATE_AFTER).table_valued(
        "company_id", "name", "means", "waiting", "failed", "oldest"
    )
    return tuple(
        LateCompany(
            row.company_id, row.name, row.waiting, row.failed, row.oldest,
            by_hand=row.means == NoticeMeans.NONE,
        )
        for row in connection.execute(select(found))
    )  # fmt: skip
