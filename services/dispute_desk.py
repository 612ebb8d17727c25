"""The officer's side of disputes: listed, taken in hand, decided; children without a guardian.

The lists hold no personal value; what was said shows only inside the case of that dispute.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Text, Uuid, column, func, select, update

from db import places
from db.clock import seoul_day
from db.tables.member import LIVE
from db.tables.ops import case as cases
from db.tables.ops import staff
from db.words import N_, DisputeOutcome, DisputeWhy, Noted, Purpose, SuspensionWhy
from services import access, disputes, email_change, guarding, jobs, journal, ledger, reference
from services.access import as_subject
from services.actor import AccessDenied, Permission, page_opens
from services.desk_queue import CASE_LASTS, TakenError
from services.disputes import DisputeRefused
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import ColumnClause, Connection

    from services.actor import Actor
    from services.journal_rows import Row
    from services.subject import Subject

PAGE: Final = "/desk-officer"
PAGE_ROWS: Final = 20
FEWEST_WORDS: Final = 10
VIEWING: Final = access.Look(EventName.DISPUTE_VIEWED, Permission.DISPUTE_DECIDE, PAGE, folds=False)
PURPOSE: Final = Purpose.COMPLAINTS


@dataclass(frozen=True)
class Waiting:
    """An open dispute; `hand`: which of the staff has it."""

    member_id: UUID
    dispute_id: UUID
    why: DisputeWhy
    by_child: bool
    opened_at: datetime
    guardians: int
    hand: str | None


@dataclass(frozen=True)
class Guardian:
    """One guardian of the child, by the number that "Who looked" gives them."""

    number: int
    guardian_id: UUID = field(repr=False)
    since: date
    ended_on: date | None
    proof: bool
    suspended_on: date | None
    suspended_until: date | None
    acts: bool


@dataclass(frozen=True)
class InHand:
    """A dispute in hand: what was said by whom, and who the guardians are."""

    dispute_id: UUID
    why: DisputeWhy
    words: str | None = field(repr=False)
    opened_at: datetime
    by: int | None
    """The number of the guardian who opened it; None: the child did."""
    guardians: tuple[Guardian, ...]


@dataclass(frozen=True)
class Decision:
    """What an officer decides. `guardian`: whom it is about, unless everybody goes on.

    `until`: the last day of a suspension (a Seoul day); None: for good.
    """

    outcome: DisputeOutcome
    words: str = field(repr=False)
    guardian: UUID | None = None
    why: SuspensionWhy | None = None
    until: date | None = None
    since: date | None = None
    """The first Seoul day without the guardian; None: today."""


@dataclass(frozen=True)
class Alone:
    """A child without a guardian who may act, by the desk's own name for it."""

    member_id: UUID = field(repr=False)
    name: str
    since: date | None
    suspended: bool


_WAITING: tuple[ColumnClause[Any], ...] = (
    column("member_id", Uuid), column("dispute_id", Uuid), column("why", Text),
    column("by_child", Boolean), column("opened_at", DateTime(timezone=True)),
    column("guardians", BigInteger), column("taken_by", Uuid),
    column("taken_until", DateTime(timezone=True)),
)  # fmt: skip
_ALONE = (column("member_id", Uuid), column("last_ended", Date), column("suspended", Boolean))


def officer(actor: Actor) -> None:
    """Raise `AccessDenied` for anybody but an officer."""
    if not page_opens(Permission.DISPUTE_DECIDE, actor):
        raise AccessDenied(N_("This page is not open to you."))


def waiting(connection: Connection, actor: Actor) -> tuple[Waiting, ...]:
    """Return the open disputes, the oldest first: one query."""
    officer(actor)
    listed = func.ops.open_disputes(actor.person).table_valued(*_WAITING, name="listed")
    rows = connection.execute(
        select(listed, staff.c.staff_no)
        .select_from(listed.outerjoin(staff, staff.c.staff_id == listed.c.taken_by))
        .order_by(listed.c.opened_at, listed.c.dispute_id)
    )
    return tuple(
        Waiting(
            row.member_id, row.dispute_id, DisputeWhy(row.why), row.by_child, row.opened_at,
            row.guardians,
            row.staff_no if row.taken_until and row.taken_until > actor.at else None,
        )
        for row in rows
    )  # fmt: skip


def take(connection: Connection, actor: Actor, member_id: UUID, dispute_id: UUID) -> UUID:
    """Take a dispute in hand; the case gives the right to decide it, no other. Return the case.

    Raise `TakenError` when somebody else has it, or it is decided.
    """
    officer(actor)
    as_subject(connection, member_id)
    table = LIVE.dispute.c
    connection.execute(
        select(table.dispute_id)
        .where(table.member_id == member_id, table.dispute_id == dispute_id)
        .with_for_update()
    )
    if not access.helps(connection, actor, member_id):
        raise TakenError(access.OWN)
    taking = func.ops.take_dispute(
        actor.person, member_id, dispute_id, actor.at, actor.at + CASE_LASTS, type_=Uuid
    )
    case_id: UUID | None = connection.scalar(select(taking))
    if case_id is None:
        raise TakenError(N_("Somebody else has it in hand, or it is decided."))
    entry = ledger.Entry(EventName.DISPUTE_TAKEN, member_id, PURPOSE, PAGE, case_id=case_id)
    ledger.write(connection, actor, entry)
    return case_id


def read(subject: Subject) -> InHand:
    """Return the dispute of the case that the subject was opened in. Raise `DisputeRefused`."""
    table = subject.tables.dispute
    of_case = select(cases.c.request_id).where(
        cases.c.case_id == subject.case_id, cases.c.staff_id == subject.actor.person
    )
    row = subject.connection.execute(
        select(table)
        .where(
            table.c.member_id == subject.member_id,
            table.c.dispute_id == of_case.scalar_subquery(),
            table.c.decided_at.is_(None),
        )
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise DisputeRefused(N_("This is decided already."))
    found = guardians(subject)
    by = next((one.number for one in found if one.guardian_id == row.opened_by), None)
    words = subject.open(row.sealed, places.dispute(row.dispute_id))
    return InHand(row.dispute_id, DisputeWhy(row.why), words, row.opened_at, by, found)


def guardians(subject: Subject) -> tuple[Guardian, ...]:
    """Return everybody who is or was a guardian of the child, by number: one query."""
    link = subject.tables.guardianship
    acts = guarding.guards(link.c.member_id, link.c.guardian_id, subject.today).label("acts")
    rows = subject.connection.execute(
        select(link, acts).where(link.c.member_id == subject.member_id).order_by(link.c.started_on)
    ).all()
    first = {one.guardian_id: one.started_on for one in reversed(rows)}
    newest = {one.guardian_id: one for one in rows}
    order = sorted(first, key=lambda who: (first[who], who))
    return tuple(
        Guardian(
            number, who, first[who], newest[who].ended_on, newest[who].proof,
            newest[who].suspended_on, newest[who].suspended_until, newest[who].acts,
        )
        for number, who in enumerate(order, start=1)
    )  # fmt: skip


def decide(subject: Subject, decision: Decision) -> None:
    """Decide the dispute of this case; whom it stops is stopped from this moment on.

    Needs a verification. Raise `DisputeRefused` for too few words, or for nobody named.
    """
    subject.actor.require_verification()
    found = read(subject)
    if len(decision.words.strip()) < FEWEST_WORDS:
        raise DisputeRefused(N_("Please say in your own words why it is decided like this."))
    if decision.outcome is DisputeOutcome.GROWN:
        raise DisputeRefused(N_("Please choose what is decided."))
    changed = (
        [] if decision.outcome is DisputeOutcome.KEPT else stop(subject, found.guardians, decision)
    )
    table = subject.tables.dispute
    if subject.sealer is None:
        raise DisputeRefused(N_("The member's key is missing."))
    answer = subject.sealer.seal(
        decision.words.strip().encode(), places.dispute_answer(found.dispute_id)
    )
    ended = subject.connection.execute(
        update(table)
        .where(table.c.member_id == subject.member_id, table.c.dispute_id == found.dispute_id)
        .values(decided_at=subject.at, decided_by=subject.actor.person,
                outcome=decision.outcome, answer=answer)
        .returning(table)
    ).mappings()  # fmt: skip
    rows: list[Row] = [*changed, *((table, one) for one in ended)]
    journal.note(subject.connection, Noted.REQUESTED, subject.member_id, subject.at, rows=rows)
    _note(subject, EventName.DISPUTE_DECIDED, decision.outcome)
    closing = func.ops.close_case(subject.actor.person, subject.case_id, subject.at)
    subject.connection.execute(select(closing))
    jobs.defer(
        subject.connection, jobs.DISPUTE,
        member_id=str(subject.member_id), dispute_id=str(found.dispute_id),
    )  # fmt: skip


def stop(subject: Subject, found: tuple[Guardian, ...], decision: Decision) -> list[Row]:
    """End or suspend every link of one guardian, with what they had asked for, by phone as well.

    Return the links as they stand now. Raise `DisputeRefused` for who or what is missing.
    """
    chosen = next((g for g in found if g.guardian_id == decision.guardian), None)
    if chosen is None or decision.why is None:
        raise DisputeRefused(N_("Please choose the guardian, and why."))
    since = decision.since or subject.today
    if decision.until is not None and decision.until < since:
        raise DisputeRefused(N_("A suspension ends on the day it begins at the earliest."))
    link = subject.tables.guardianship
    mine = (link.c.member_id == subject.member_id, link.c.guardian_id == chosen.guardian_id)
    ends = decision.outcome is DisputeOutcome.ENDED
    values = {
        "suspended_on": since, "suspended_why": decision.why,
        "suspended_until": None if ends else decision.until,
    }  # fmt: skip
    if ends:
        values["ended_on"] = since
    open_ones = (link.c.ended_on.is_(None)) | (link.c.ended_on > subject.today)
    changed = subject.connection.execute(
        update(link).where(*mine, open_ones).values(values).returning(link)
    ).mappings()
    rows: list[Row] = [(link, one) for one in changed]
    if not rows:
        raise DisputeRefused(N_("This guardian's link has ended already."))
    if since <= subject.today:  # later, the door asks again of each copy who may act
        disputes.end_exports(subject.connection, subject.member_id, chosen.guardian_id)
        email_change.forget_guardians(subject, chosen.guardian_id)
        ending = func.ops.end_guardians_calls(subject.member_id, chosen.guardian_id, subject.at)
        subject.connection.execute(select(ending))
    name = EventName.GUARDIAN_ENDED if ends else EventName.GUARDIAN_SUSPENDED
    _note(subject, name, decision.why)
    return rows


def _note(subject: Subject, name: EventName, reason: str) -> None:
    entry = ledger.Entry(
        name, subject.member_id, PURPOSE, PAGE, case_id=subject.case_id, reason=reason
    )
    ledger.write(subject.connection, subject.actor, entry)


def alone(connection: Connection, actor: Actor, number: int = 1) -> tuple[Alone, ...]:
    """Return children whom nobody may act for, those since lately first: one query."""
    officer(actor)
    skip = (max(number, 1) - 1) * PAGE_ROWS
    listed = func.ops.unguarded(actor.person, seoul_day(actor.at), skip, PAGE_ROWS)
    rows = connection.execute(select(listed.table_valued(*_ALONE, name="alone")))
    return tuple(
        Alone(row.member_id, reference.for_desk(row.member_id), row.last_ended, row.suspended)
        for row in rows
    )


def see(connection: Connection, actor: Actor, child: UUID) -> None:
    """Note that a child without a guardian was looked after, which takes it off the list."""
    officer(actor)
    if connection.scalar(select(func.ops.see_unguarded(actor.person, child, seoul_day(actor.at)))):
        entry = ledger.Entry(EventName.UNGUARDED_SEEN, child, PURPOSE, PAGE)
        ledger.write(connection, actor, entry)


def lift(connection: Connection, actor: Actor, child: UUID) -> int:
    """Let suspended guardians of a child act again; return how many links that were.

    Needs an officer who has just confirmed who they are.
    """
    officer(actor)
    actor.require_verification()
    columns = tuple(column(one.name, one.type) for one in LIVE.guardianship.c)
    lifting = func.ops.lift_suspensions(actor.person, child, seoul_day(actor.at))
    rows = connection.execute(select(lifting.table_valued(*columns, name="lifted"))).mappings()
    held: list[Row] = [(LIVE.guardianship, row) for row in rows]
    if held:
        journal.note(connection, Noted.REQUESTED, child, actor.at, rows=held)
        entry = ledger.Entry(EventName.SUSPENSION_LIFTED, child, PURPOSE, PAGE)
        ledger.write(connection, actor, entry)
    return len(held)
