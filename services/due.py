"""What is due on a day: rows whose last day is over, that nothing holds.

Each row carries the last day on which it is kept, written with it by the rule of the policy version
under which it came (`Rule.ends_on`), so that a later version changes nothing about it. That day
counts in full in Seoul; destruction is due from the day after (clauses 3 and 4; P04, P06).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from db.clock import seoul_day
from db.tables.keeping import overdue_import
from db.tables.member import STORES
from db.words import Source, Store
from services.holds import AFTER_WITHDRAWAL, INBOX, not_held

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Connection, Table

    from db.tables.member import MemberTables


@dataclass(frozen=True)
class Dated:
    """Rows of one table with a last day of their own; `kind` says what they are, `rule` why."""

    store: Store
    table: Table
    kind: ColumnElement[str]
    versioned: bool = False

    @property
    def version(self) -> ColumnElement[str]:
        """Return the policy version of the rule, or an empty text where no version has one."""
        return func.coalesce(self.table.c.policy_version, "") if self.versioned else literal("")

    @property
    def form(self) -> ColumnElement[Any]:
        """Return which form of paper a row came on, to be destroyed as well; NULL for none.

        A form is what one member gave on paper on one day, however many rows it filled.
        """
        if not self.versioned:
            return null()
        columns = self.table.c
        named = func.concat(columns.member_id, " ", columns.obtained_on)
        return case((columns.source == Source.PAPER, named))


@dataclass(frozen=True)
class Due:
    """How many rows of a kind are due in a store."""

    store: Store
    kind: str
    rows: int


@dataclass(frozen=True)
class Overdue:
    """A kind of which something is past its last day: due, held, or waiting for the officer.

    `oldest` is the last day of the oldest row that is due, None when none is.
    """

    kind: str
    due: int
    oldest: date | None
    held: int
    waiting: int


@dataclass(frozen=True)
class Ending:
    """How many rows of a kind end in a month (its first day)."""

    month: date
    kind: str
    rows: int


def _of(store: Store, tables: MemberTables) -> tuple[Dated, ...]:
    return (
        Dated(store, tables.record, tables.record.c.kind, versioned=True),
        Dated(store, tables.inbox, literal(INBOX)),
    )


DATED: Final = tuple(dated for store, tables in STORES.items() for dated in _of(store, tables))
"""Rows that end one by one, in every store."""
MEMBERS: Final = "members"
"""What a destruction record calls whole members of whom nothing is kept any more."""
KEPT_VALUES: Final = Dated(
    Store.RETAINED, STORES[Store.RETAINED].profile_value, literal(AFTER_WITHDRAWAL), versioned=True
)
"""Values of members who left (clause 3.1; P05)."""


def waits_before(connection: Connection) -> date | None:
    """Return the day before which records wait for the officer, since an import brought them so.

    Nothing else is that old: the daily run of that day destroyed it.
    """
    waiting = select(func.max(overdue_import.c.day)).where(overdue_import.c.confirmed_at.is_(None))
    day: date | None = connection.scalar(waiting)
    return day


def past(dated: Dated, today: date) -> ColumnElement[bool]:
    """Return the condition that a row's last day is over and no hold covers it."""
    columns = dated.table.c
    return and_(columns.ends_on < today, not_held(columns.member_id, today, dated.kind))


def condition(dated: Dated, today: date, waits: date | None) -> ColumnElement[bool]:
    """Return the condition that a row is due; an import's records only once it is confirmed."""
    imported = dated.store is Store.LIVE and dated.versioned
    free = dated.table.c.ends_on >= waits if imported and waits else literal(value=True)
    return and_(past(dated, today), free)


def count(connection: Connection, now: datetime) -> tuple[Due, ...]:
    """Return what is due now, by store and kind, as `portal_work`; costs what is due."""
    today, waits = seoul_day(now), waits_before(connection)
    parts = [
        select(
            literal(dated.store.value).label("store"), dated.kind.label("kind"),
            func.count().label("rows"),
        ).where(condition(dated, today, waits)).group_by(dated.kind)
        for dated in (*DATED, KEPT_VALUES)
    ]  # fmt: skip
    # A kind that is the same for the whole table makes a group even of no rows.
    found = connection.execute(union_all(*parts))
    return tuple(Due(Store(row.store), row.kind, row.rows) for row in found if row.rows)


def anything(connection: Connection, now: datetime) -> bool:
    """Return whether anything is due now; costs next to nothing."""
    today, waits = seoul_day(now), waits_before(connection)
    some = [_first(dated, condition(dated, today, waits)) for dated in (*DATED, KEPT_VALUES)]
    return bool(connection.scalar(select(or_(*some))))


def _first(dated: Dated, chosen: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return whether there is a row, looked for in the order in which an index has the days.

    Asked without an order, the database reads the whole table where many were due until just now.
    """
    found = select(literal(value=True)).select_from(dated.table).where(chosen)
    return found.order_by(dated.table.c.ends_on).limit(1).scalar_subquery().is_not(None)


def waiting(connection: Connection, before: date) -> dict[str, int]:
    """Return how many records of each kind wait for the officer, past their last day already."""
    dated = DATED[0]
    chosen = (
        select(dated.kind.label("kind"), func.count().label("rows"))
        .where(past(dated, before))
        .group_by(dated.kind)
    )
    return {row.kind: row.rows for row in connection.execute(chosen)}


def overdue(connection: Connection, today: date) -> tuple[Overdue, ...]:
    """Return, for the desk, what is past its last day in any store; `today` is a Seoul day."""
    function = func.ops.overdue(today).table_valued("kind", "due", "oldest", "held", "waiting")
    return tuple(Overdue(*row) for row in connection.execute(select(function)))


def forecast(connection: Connection, today: date, until: date) -> tuple[Ending, ...]:
    """Return, for the desk, how many rows end in each month from `today` to before `until`."""
    function = func.ops.ending(today, until).table_valued("month", "kind", "rows")
    return tuple(Ending(*row) for row in connection.execute(select(function)))
