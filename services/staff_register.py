"""The staff's accounts and the register of who could see members' data (clause 8; P26, P27)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import func, select

from db.clock import seoul_day
from db.law import law
from db.tables.ops import session, staff, staff_access
from db.words import N_, DestructionMethod, StaffChange, StaffRole, Store
from services.actor import AccessDenied, Permission, page_opens
from services.archive_rows import as_csv
from services.destroying_rows import STAFF_ACCESS, Batch, day_run, record
from services.language import translate
from services.staff_standing import COLUMNS, Facts, lacking

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Connection, Select

    from db.words import StaffLack
    from services.actor import Actor
    from services.archive_columns import Values
    from services.language import Language

PAGE_ROWS: Final = 20
_RUNS: Final = UUID("0c0a1f4c-54a3-4a0f-9a43-3a0f6d1f7b11")
"""Names the run of a day that destroys rows of the register."""
ROLES: Final[dict[StaffRole, str]] = {
    StaffRole.AGENT: N_("Support staff"),
    StaffRole.OFFICER: N_("Privacy officer"),
}
CHANGES: Final[dict[StaffChange, str]] = {
    StaffChange.GRANTED: N_("Access given"),
    StaffChange.ROLE: N_("Role changed"),
    StaffChange.ASSIGNED: N_("Assignment set"),
    StaffChange.TRAINED: N_("Training recorded"),
    StaffChange.PASSWORD_GIVEN: N_("First password given"),
    StaffChange.ENDED: N_("Access ended"),
}
_HEAD: Final = (
    N_("When"), N_("Staff number"), N_("What"), N_("Role"), N_("Until"), N_("Training"),
    N_("Held on"), N_("Decided by"), N_("Why"),
)  # fmt: skip


@dataclass(frozen=True)
class Account:
    """One account today. `lacks`: what keeps it from the desk; `ended_at` says it all if set."""

    staff_id: UUID
    staff_no: str
    login_id: str
    role: StaffRole
    facts: Facts
    ended_at: datetime | None
    last_sign_in: datetime | None
    lacks: tuple[StaffLack, ...]


@dataclass(frozen=True)
class Change:
    """One row of the register. `by` is an officer's number; None: at the command line."""

    at: datetime
    staff_no: str
    change: StaffChange
    role: StaffRole
    until: date | None
    what: str | None
    held_on: date | None
    by: str | None
    why: str | None


def accounts(connection: Connection, actor: Actor) -> tuple[Account, ...]:
    """Return all accounts, those that ended last: one query."""
    _officer(actor)
    return _accounts(connection, seoul_day(actor.at))


def _accounts(connection: Connection, today: date) -> tuple[Account, ...]:
    seen = (
        select(func.max(session.c.signed_in_at))
        .where(session.c.staff_id == staff.c.staff_id)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(
            staff.c.staff_id, staff.c.staff_no, staff.c.login_id, staff.c.role, staff.c.ended_at,
            seen.label("seen"), *COLUMNS,
        ).order_by(staff.c.ended_at.is_not(None), staff.c.staff_no)
    )  # fmt: skip
    return tuple(_account(row, today) for row in rows)


def _account(row: Any, today: date) -> Account:  # noqa: ANN401 (a row)
    facts = Facts(row.assigned_until, row.trained_until, row.password_set_on)
    return Account(
        row.staff_id, row.staff_no, row.login_id, StaffRole(row.role), facts, row.ended_at,
        row.seen, lacking(facts, today) if row.ended_at is None else (),
    )  # fmt: skip


def at_command_line(connection: Connection, today: date) -> tuple[Account, ...]:
    """As `accounts`, for who has the installation itself in hand."""
    return _accounts(connection, today)


def wanting(connection: Connection, today: date) -> int:
    """Return how many who work here lack something, so that the desk is shut to them."""
    rows = connection.execute(select(*COLUMNS).where(staff.c.ended_at.is_(None)))
    return sum(bool(lacking(Facts(*row), today)) for row in rows)


def count(connection: Connection) -> int:
    """Return how many rows the register has."""
    return connection.scalar(select(func.count()).select_from(staff_access)) or 0


def page(connection: Connection, actor: Actor, number: int) -> tuple[Change, ...]:
    """Return page `number` (from 1) of the register, the newest first: one query."""
    _officer(actor)
    skip = (max(number, 1) - 1) * PAGE_ROWS
    return _changes(connection, _register().limit(PAGE_ROWS).offset(skip))


def _register() -> Select[Any]:
    by = staff.alias("by")
    return (
        select(
            staff_access.c.at, staff.c.staff_no, staff_access.c.change, staff_access.c.role,
            staff_access.c.until, staff_access.c.what, staff_access.c.held_on,
            by.c.staff_no.label("by"), staff_access.c.why,
        )
        .join_from(staff_access, staff, staff.c.staff_id == staff_access.c.staff_id)
        .outerjoin(by, by.c.staff_id == staff_access.c.changed_by)
        .order_by(staff_access.c.at.desc(), staff_access.c.access_id)
    )  # fmt: skip


def _changes(connection: Connection, query: Select[Any]) -> tuple[Change, ...]:
    return tuple(
        Change(at, number, StaffChange(change), StaffRole(role), *rest)
        for at, number, change, role, *rest in connection.execute(query)
    )


def as_file(connection: Connection, actor: Actor, language: Language) -> bytes:
    """Return the whole register as CSV that no spreadsheet runs; three years of few people."""
    _officer(actor)
    lines = [_line(one, language) for one in _changes(connection, _register())]
    return b"".join(as_csv([translate(language, name) for name in _HEAD], [lines]))


def _line(one: Change, language: Language) -> Values:
    day = (one.until, one.held_on)
    until, held_on = (found.isoformat() if found else "" for found in day)
    return (
        one.at.isoformat(timespec="seconds"), one.staff_no,
        translate(language, CHANGES[one.change]), translate(language, ROLES[one.role]), until,
        one.what or "", held_on,
        one.by or translate(language, N_("at the command line")), one.why or "",
    )  # fmt: skip


def destroy_old(connection: Connection, now: datetime) -> int:
    """Destroy what has been kept for its time, with a record, as the worker; return the rows.

    A row counts to the end of its last day in Seoul (law.md's three years; P13).
    """
    kept = law().staff.kept.in_months
    gone = connection.scalar(select(func.ops.forget_staff_access(seoul_day(now), kept))) or 0
    if gone:
        batch = Batch(day_run(connection, _RUNS, now), now, 0)
        what = (Store.LIVE, STAFF_ACCESS, "")
        record(connection, batch, what, gone, method=DestructionMethod.ROWS)
    return int(gone)


def _officer(actor: Actor) -> None:
    if not page_opens(Permission.OFFICER_DESK, actor):
        raise AccessDenied(N_("This page is not open to you."))
