"""Guardians of a child, by number, and how an officer ends or suspends one of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Date, case, func, literal, select, update

from db.words import N_, DisputeOutcome, SuspensionWhy
from services import disputes, guarding, ledger, waiting_values
from services.dispute_rights import PAGE, PURPOSE
from services.disputes import DisputeRefused
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Row, Table

    from services import journal_rows
    from services.subject import Subject


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


def guardians(subject: Subject) -> tuple[Guardian, ...]:
    """Return everybody who is or was a guardian of the child, by number: one query."""
    link = subject.tables.guardianship
    acts = guarding.guards(link.c.member_id, link.c.guardian_id, subject.today).label("acts")
    rows = subject.connection.execute(
        select(link, acts).where(link.c.member_id == subject.member_id).order_by(link.c.started_on)
    ).all()
    return numbered(rows)


def numbered(rows: Sequence[Row[Any]]) -> tuple[Guardian, ...]:
    """Return guardians by number, of their links from the oldest on."""
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


def meant(subject: Subject, decision: Decision) -> tuple[UUID, SuspensionWhy, date]:
    """Return whom a decision stops, why, and from which Seoul day on. Raise `DisputeRefused`."""
    if decision.guardian is None or decision.why is None:
        raise DisputeRefused(N_("Please choose the guardian, and why."))
    since = decision.since or subject.today
    if decision.until is not None and decision.until < since:
        raise DisputeRefused(N_("A suspension ends on the day it begins at the earliest."))
    return decision.guardian, decision.why, since


def stop(
    subject: Subject, found: tuple[Guardian, ...], decision: Decision
) -> list[journal_rows.Row]:
    """End or suspend every link of one guardian, with what they had asked for, by phone as well.

    Return the links as they stand now. Raise `DisputeRefused` for who or what is missing.
    """
    if not any(one.guardian_id == decision.guardian for one in found):
        raise DisputeRefused(N_("Please choose the guardian, and why."))
    guardian, why, since = meant(subject, decision)
    link = subject.tables.guardianship
    mine = (link.c.member_id == subject.member_id, link.c.guardian_id == guardian)
    ends = decision.outcome is DisputeOutcome.ENDED
    values = _stopped(link, subject.today, since, None if ends else decision.until)
    values["suspended_why"] = why
    if ends:  # an end that is entered already is never put off
        values["ended_on"] = func.least(link.c.ended_on, since)
    open_ones = (link.c.ended_on.is_(None)) | (link.c.ended_on > subject.today)
    changed = subject.connection.execute(
        update(link).where(*mine, open_ones).values(values).returning(link)
    ).mappings()
    rows: list[journal_rows.Row] = [(link, one) for one in changed]
    if not rows:
        raise DisputeRefused(N_("This guardian's link has ended already."))
    if since <= subject.today:  # later, the door asks again of each copy who may act
        disputes.end_exports(subject.connection, subject.member_id, guardian)
        waiting_values.forget_guardians(subject, guardian)
        ending = func.ops.end_guardians_calls(subject.member_id, guardian, subject.at)
        subject.connection.execute(select(ending))
    name = EventName.GUARDIAN_ENDED if ends else EventName.GUARDIAN_SUSPENDED
    note(subject, name, why)
    return rows


def _stopped(link: Table, today: date, since: date, until: date | None) -> dict[str, Any]:
    """Return what a suspension writes: of two that begin on different days neither lifts the other.

    A link has room for one, so the days between are covered too. What changes one in force from
    today on takes its place.
    """
    old, ever = link.c.suspended_on, literal("infinity").cast(Date)
    over = link.c.suspended_until < today  # null: for good
    later = literal(since > today, Boolean) | (old > today)
    stands = old.is_not(None) & over.is_not(True) & later
    ends = (func.coalesce(one, ever) for one in (link.c.suspended_until, literal(until, Date)))
    return {
        "suspended_on": case((stands, func.least(old, since)), else_=since),
        "suspended_until": case((stands, func.nullif(func.greatest(*ends), ever)), else_=until),
    }


def note(subject: Subject, name: EventName, reason: str) -> None:
    """Note what was decided, in a word of ours."""
    entry = ledger.Entry(
        name, subject.member_id, PURPOSE, PAGE, case_id=subject.case_id, reason=reason
    )
    ledger.write(subject.connection, subject.actor, entry)
