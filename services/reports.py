"""Reports and questions of anybody: made, read and followed up by whoever made them (P35).

A member finds theirs signed in. Somebody else gets a number and a secret, shown once, of which we
keep the digest. Each has a deadline, a thread and a state, and says until when it is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from sqlalchemy import LargeBinary, bindparam, func, insert, select

from db import places, policy
from db.clock import seoul_day
from db.errors import PortalError
from db.law import law
from db.sealing import digest
from db.tables.reports import report, report_line
from db.words import N_, Noted, ReportBy, ReportKind, ReportOutcome, ReportState
from services import certificate, journal, ledger, report_papers
from services.ledger import EventName
from services.relations import as_subject

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection, RowMapping

    from db.sealing import Sealer
    from services.actor import Actor
    from services.certificate import Certificate
    from services.language import Language

LONGEST: Final = 4_000
"""Characters of a report or an answer."""
CONTACT: Final = 200
"""Characters of an e-mail address or a telephone number."""
PAGE: Final = "/contact"
COLUMNS: Final = (
    "report_id", "number", "member_id", "kind", "state", "language", "received_at", "due_on",
    "ends_on", "sealed", "about_id", "case_id", "closed_at", "outcome",
)  # fmt: skip
_LINES: Final = ("report_id", "line_id", "at", "by", "staff_no", "sealed")


class ReportRefused(PortalError):  # noqa: N818 (the sentence says what to do)
    """A report can't be made or added to like this; what was typed stays."""


@dataclass(frozen=True)
class Line:
    """One line of a thread; `text` None: it can't be opened any more."""

    at: datetime
    by: ReportBy
    staff_no: str | None
    text: str | None = field(repr=False)


@dataclass(frozen=True)
class Report:
    """One report. `due_on`: the last Seoul day for our answer; `ends_on`: the last it is kept."""

    report_id: UUID
    number: str
    member_id: UUID | None
    kind: ReportKind
    state: ReportState
    language: Language
    received_at: datetime
    due_on: date
    ends_on: date
    about_id: UUID | None
    case_id: UUID | None
    closed_at: datetime | None
    outcome: ReportOutcome | None
    sealed: bytes | None = field(default=None, repr=False)
    contact: str = field(default="", repr=False)
    lines: tuple[Line, ...] = field(default=(), repr=False)

    @property
    def open(self) -> bool:
        """Return whether it is not closed."""
        return self.state is not ReportState.CLOSED


@dataclass(frozen=True)
class Wish:
    """What somebody reports; `contact` is how somebody who is no member can be answered.

    An incident says whose data it is about, and which case.
    """

    kind: ReportKind
    text: str = field(repr=False)
    contact: str = field(default="", repr=False)
    about_id: UUID | None = None
    case_id: UUID | None = None


def worded(typed: str) -> str:
    """Return what was typed. Raise `ReportRefused` for nothing, or too much."""
    plain = typed.strip()
    if not plain:
        raise ReportRefused(N_("Please write what it is about."))
    if len(plain) > LONGEST:
        raise ReportRefused(N_("Please use at most {n} characters."), n=LONGEST)
    return plain


def checked(wish: Wish) -> Wish:
    """Return what can be taken. Raise `ReportRefused`, naming what is wrong."""
    contact = " ".join(wish.contact.split())
    if len(contact) > CONTACT:
        raise ReportRefused(N_("Please use at most {n} characters."), n=CONTACT)
    return replace(wish, text=worded(wish.text), contact=contact)


def make(
    connection: Connection, actor: Actor | None, wish: Wish, language: Language, now: datetime
) -> Certificate:
    """Write a report and the first line of its thread; return its number.

    With it comes, for who is no member, the secret that opens it, which is kept nowhere. Raise
    `ReportRefused` for bad input.
    """
    good, report_id = checked(wish), uuid4()
    given = certificate.new()
    number, mine = given.number, actor.person if actor else None
    key, row = report_papers.new_key(report_id, now), _row(good, report_id, now)
    row |= {"number": number, "member_id": mine, "language": language,
            "secret_digest": None if mine else secret_digest(given.secret),
            "about_id": good.about_id, "case_id": good.case_id,
            "sealed": _sealed(key, report_id, good.contact)}  # fmt: skip
    if mine:
        as_subject(connection, mine)
    connection.execute(insert(report).inline().values(row))
    line = _add(connection, key, report_id, row["secret_digest"], good.text, now)
    journal.note(connection, Noted.REPORTED, None, now, rows=[(report, row), line])
    entry = ledger.Entry(EventName.REPORT_MADE, good.about_id or mine, page=PAGE, reason=good.kind)
    if actor is None:
        ledger.note(connection, entry, now)
    else:
        ledger.write(connection, actor, entry)
    return certificate.Certificate(number, "" if mine else given.secret)


def _row(good: Wish, report_id: UUID, now: datetime) -> dict[str, Any]:
    today, rules = seoul_day(now), law().reports
    version = policy.in_force(today)
    return {
        "report_id": report_id, "kind": good.kind, "state": ReportState.OPEN, "received_at": now,
        "due_on": today + timedelta(days=rules.days), "policy_version": version.version,
        "ends_on": version.rule(rules.rule).ends_on(today),
    }  # fmt: skip


def _sealed(key: Sealer, report_id: UUID, contact: str) -> bytes | None:
    return key.seal(contact.encode(), places.report(report_id)) if contact else None


def secret_digest(secret: str) -> bytes:
    """Return by what a secret is known: it opens nothing else."""
    return digest(f"report:{secret}")


def _add(
    connection: Connection, key: Sealer, report_id: UUID, exact: bytes | None, words: str,
    now: datetime,
) -> tuple[Any, dict[str, Any]]:  # fmt: skip
    line_id = uuid4()
    sealed = key.seal(words.encode(), places.report_line(line_id))
    added = func.ops.add_to_report(
        report_id,
        bindparam("exact", exact, type_=LargeBinary),
        line_id,
        now,
        bindparam("said", sealed, type_=LargeBinary),
    )
    if not connection.scalar(select(added)):
        raise ReportRefused(N_("This report is closed. Please write a new one."))
    return report_line, {"report_id": report_id, "line_id": line_id, "at": now,
                         "by": ReportBy.REPORTER, "staff_id": None, "sealed": sealed}  # fmt: skip


def add(connection: Connection, one: Report, secret: str | None, typed: str, now: datetime) -> None:
    """Add a line as whoever reported. Raise `ReportRefused` for nothing, or a closed report."""
    words, key = worded(typed), report_papers.sealer(one.report_id)
    if key is None:
        raise ReportRefused(N_("This report can't be opened any more."))
    if one.member_id:
        as_subject(connection, one.member_id)
    exact = secret_digest(secret) if secret else None
    line = _add(connection, key, one.report_id, exact, words, now)
    turned = (report, {"report_id": one.report_id, "state": ReportState.OPEN})
    journal.note(connection, Noted.REPORTED, None, now, rows=[turned, line])


def mine(connection: Connection, actor: Actor, most: int = 20) -> tuple[Report, ...]:
    """Return a member's own reports, the newest first, without their threads: one query."""
    as_subject(connection, actor.person)
    columns = [report.c[name] for name in COLUMNS]
    rows = connection.execute(
        select(*columns)
        .where(report.c.member_id == actor.person)
        .order_by(report.c.received_at.desc(), report.c.report_id)
        .limit(most)
    )
    return tuple(of_row(row) for row in rows.mappings())


def by_number(connection: Connection, given: Certificate) -> Report | None:
    """Return the report of a number and a secret; None where they don't belong together."""
    exact = bindparam("exact", secret_digest(given.secret), type_=LargeBinary)
    found = func.ops.report_by_number(given.number, exact).table_valued(*COLUMNS)
    row = connection.execute(select(found)).mappings().one_or_none()
    return of_row(row) if row is not None else None


def whole(
    connection: Connection, one: Report, *, staff: UUID | None = None, secret: str | None = None
) -> Report:
    """Return a report with its thread, as whoever reported or as staff: one query and the key."""
    if staff is None and one.member_id:
        as_subject(connection, one.member_id)
    exact = bindparam("exact", secret_digest(secret) if secret else None, type_=LargeBinary)
    found = func.ops.report_lines(staff, one.report_id, exact).table_valued(*_LINES)
    rows = connection.execute(select(found)).all()
    return with_lines(one, rows, report_papers.sealer(one.report_id))


def with_lines(one: Report, rows: Sequence[Any], key: Sealer | None) -> Report:
    """Return a report with what its lines say."""
    lines = tuple(
        Line(row.at, ReportBy(row.by), row.staff_no,
             report_papers.line(key, bytes(row.sealed), row.line_id))
        for row in rows
    )  # fmt: skip
    contact = report_papers.opened(key, one.sealed, places.report(one.report_id)) or ""
    return replace(one, lines=lines, contact=contact)


def of_row(row: RowMapping) -> Report:
    """Return the report of a row."""
    return Report(
        row["report_id"], row["number"], row["member_id"], ReportKind(row["kind"]),
        ReportState(row["state"]), "en" if row["language"] == "en" else "ko", row["received_at"],
        row["due_on"], row["ends_on"], row["about_id"], row["case_id"], row["closed_at"],
        ReportOutcome(row["outcome"]) if row["outcome"] else None,
        bytes(row["sealed"]) if row["sealed"] else None,
    )  # fmt: skip
