"""Who received a member's data: what, when, why, on which ground, until when (clauses 5, 6; P17).

What the law lets us show later (a demand with a stated day) is left out until that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Boolean,
    Date,
    Integer,
    Select,
    Text,
    Uuid,
    bindparam,
    func,
    literal,
    or_,
    select,
)

from db.tables.member import STORES
from db.tables.ops import company
from db.words import CompanyRole, ConsentKind, Ground, Purpose
from services import companies, telling, use
from services.gathering import Gathered, ordered

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from sqlalchemy import ColumnElement

    from db.words import Store
    from services.companies import Company
    from services.gathering import Row
    from services.telling import Progress
    from services.whose import Whose

PAGE_ROWS = 20


@dataclass(frozen=True)
class Flow:
    """One item that one recipient received: how often, the last time, kept until when.

    `recipient` is a name. `kept_until`: the latest day; None when one of them is not stated.
    """

    recipient: str
    item: str
    count: int
    last_on: date
    kept_until: date | None

    def kept(self, today: date) -> bool:
        """Return whether the recipient may still hold it, for all we know."""
        return self.kept_until is None or self.kept_until >= today


@dataclass(frozen=True)
class Given:
    """One disclosure. What nobody recorded is None."""

    recipient: str
    items: tuple[str, ...]
    on: date
    purpose: Purpose | None
    ground: Ground | None
    kept_until: date | None


@dataclass(frozen=True)
class Agreed:
    """A consent to a recipient that counts today; `ends_on` None: without an end."""

    recipient: str
    item: str
    decided_at: datetime | None
    ends_on: date | None


@dataclass(frozen=True)
class Sharing:
    """All that the page shows. `given` is one page of `count`, the newest first.

    `told`: which companies were told of changes, and which confirmed.
    """

    flows: tuple[Flow, ...]
    given: tuple[Given, ...]
    count: int
    agreed: tuple[Agreed, ...]
    recipients: tuple[Company, ...]
    processors: tuple[Company, ...]
    told: tuple[Progress, ...]


def read(subject: Whose, page: int = 1, *, rows: int = PAGE_ROWS) -> Sharing:
    """Return what was given to whom, page `page` (from 1) of the list: one query."""
    found = _asked(subject.tables.store).ask(
        subject.connection,
        member=subject.member_id,
        today=subject.today,
        most=rows,
        skip=(max(page, 1) - 1) * rows,
    )
    known = tuple(companies.of_row(row) for row in found["companies"])
    return Sharing(
        tuple(_flow(row) for row in found["flows"]),
        tuple(_given(row) for row in found["given"]),
        found["count"][0]["count"],
        _agreed(subject, found["consents"], {c.company_id: c for c in known}),
        tuple(c for c in known if c.role is CompanyRole.RECIPIENT),
        tuple(c for c in known if c.role is CompanyRole.PROCESSOR),
        telling.progress(found["told"], subject.at),
    )


def _flow(row: Row) -> Flow:
    until = None if row["unstated"] else row["kept_until"]
    return Flow(row["recipient"], row["item"], row["count"], row["last_on"], until)


def _given(row: Row) -> Given:
    # An import may hold a word that is none of ours: shown as not recorded.
    purpose, ground = row["purpose"], row["ground"]
    return Given(
        row["recipient"],
        tuple(row["items"]),
        row["disclosed_on"],
        Purpose(purpose) if purpose in set(Purpose) else None,
        Ground(ground) if ground else None,
        row["kept_until"],
    )


def _agreed(subject: Whose, rows: Iterable[Row], known: dict[str, Company]) -> tuple[Agreed, ...]:
    """Return the consents that count, by the same rule that lets data out."""
    rows = tuple(rows)
    shared = use.book(rows, subject.today).counting().shared
    return tuple(
        Agreed(known[row["recipient"]].name, row["item"], row["decided_at"], row["ends_on"])
        for row in rows
        if row["kind"] == ConsentKind.THIRD_PARTY
        and (row["recipient"], row["item"]) in shared
        and row["recipient"] in known
    )


_MEMBER, _TODAY = bindparam("member", type_=Uuid), bindparam("today", type_=Date)


def _shown(store: Store) -> ColumnElement[bool]:
    """Return what picks the disclosures that the member sees today."""
    row = STORES[store].disclosure.c
    return (row.member_id == _MEMBER) & or_(row.shown_from.is_(None), row.shown_from <= _TODAY)


@cache
def _asked(store: Store) -> Gathered:
    table = STORES[store].disclosure
    count = select(func.count().label("count")).select_from(table).where(_shown(store))
    listed = company.select().where(company.c.ended_at.is_(None))
    return Gathered(
        flows=_flows(store),
        given=_list(store),
        count=count,
        consents=use.latest(store),
        companies=ordered(listed, company.c.name, company.c.company_id),
        told=telling.TOLD,
    )


def _name(store: Store) -> ColumnElement[str]:
    """Return a recipient's name: the known company's, else what an import said."""
    return func.coalesce(company.c.name, STORES[store].disclosure.c.recipient, type_=Text)


def _flows(store: Store) -> Select[Any]:
    table = STORES[store].disclosure
    item = func.unnest(table.c["items"]).table_valued("item").render_derived(name="one")
    name = _name(store)
    chosen: Any = (
        select(
            name.label("recipient"),
            item.c["item"].cast(Text).label("item"),
            func.count().cast(Integer).label("count"),
            func.max(table.c.disclosed_on).label("last_on"),
            func.max(table.c.kept_until).label("kept_until"),
            func.bool_or(table.c.kept_until.is_(None), type_=Boolean).label("unstated"),
        )
        .select_from(
            table.outerjoin(company, company.c.company_id == table.c.recipient).join(
                item, literal(value=True)
            )
        )
        .where(_shown(store))
        .group_by(name, item.c["item"])
    )
    return ordered(chosen, name, item.c["item"])


def _list(store: Store) -> Select[Any]:
    table = STORES[store].disclosure
    row = table.c
    page = (
        select(
            _name(store).label("recipient"), row["items"], row.disclosed_on, row.purpose,
            row.ground, row.kept_until, row.disclosure_id, row.disclosed_at,
        )
        .select_from(table.outerjoin(company, company.c.company_id == row.recipient))
        .where(_shown(store))
        .order_by(row.disclosed_on.desc(), row.disclosed_at.desc().nulls_last(), row.disclosure_id)
        .limit(bindparam("most", type_=Integer))
        .offset(bindparam("skip", type_=Integer))
        .subquery("page")
    )  # fmt: skip
    c = page.c
    return ordered(
        select(c.recipient, c["items"], c.disclosed_on, c.purpose, c.ground, c.kept_until),
        c.disclosed_on.desc(), c.disclosed_at.desc().nulls_last(), c.disclosure_id,
    )  # fmt: skip
