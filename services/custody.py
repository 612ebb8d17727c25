"""A paper says who may act for a child: a court's order, a removal, the end of custody (clause 9).

It comes by letter or visit, so nobody of the family has to say first that something is wrong. The
open case of whoever brought it names the child; guardians are chosen by number, never by a contact.
What is decided is kept, told and done again after a restore as a decided dispute is. A child who
sleeps is not woken by it (`custody_asleep`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from sqlalchemy import Uuid as UuidType
from sqlalchemy import func, insert, select

from db import places
from db.clock import seoul_day
from db.tables.ops import case as cases
from db.words import N_, DisputeOutcome, DisputeWhy, Noted, PaperKind, SuspensionWhy
from services import (
    case_papers,
    custody_asleep,
    dispute_rights,
    files,
    guardian_stop,
    jobs,
    journal,
    ledger,
)
from services.cases import OF_CALLERS
from services.desk_queue import CASE_LASTS
from services.dispute_rights import FEWEST_WORDS, PAGE, PURPOSE
from services.disputes import DisputeRefused
from services.guardian_stop import Decision
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

    from db.sealing import Sealer
    from services.actor import Actor
    from services.journal_rows import Row
    from services.subject import Subject

REASONS: Final = (
    SuspensionWhy.COURT_ORDER, SuspensionWhy.REMOVAL, SuspensionWhy.CUSTODY_END,
)  # fmt: skip
"""What a paper can say; our own decision to protect a child answers a dispute."""


@dataclass(frozen=True)
class Order:
    """What a paper says of one guardian, chosen by number. Days are Seoul days.

    `ends`: the link ends, else it is suspended from `since` until `until` (that day included; None:
    until it is decided again). `document`: a copy of the paper.
    """

    guardian: int | None
    ends: bool
    why: SuspensionWhy | None
    since: date | None
    until: date | None
    words: str = field(repr=False)
    document: bytes | None = field(default=None, repr=False)


def by_number(connection: Connection, actor: Actor, case_no: str) -> UUID:
    """Return the open case of a caller with this number, whoever has it in hand.

    Raise `DisputeRefused` where there is none.
    """
    dispute_rights.officer(actor)
    found: UUID | None = connection.scalar(
        select(cases.c.case_id).where(
            cases.c.case_no == case_no.strip().upper(), cases.c.closed_at.is_(None),
            cases.c.kind.in_(OF_CALLERS),
        )
    )  # fmt: skip
    if found is None:
        raise DisputeRefused(N_("There is no open case with this number."))
    return found


def begin(connection: Connection, actor: Actor, case_id: UUID) -> UUID:
    """Open the child of a caller's open case for what a paper says; return the case for that.

    Raise `DisputeRefused` unless it is about a child with a guardian, and not the officer's own.
    """
    dispute_rights.officer(actor)
    actor.require_verification()
    beginning = func.ops.begin_custody(
        actor.person, case_id, uuid4(), actor.at, actor.at + CASE_LASTS, type_=UuidType
    )
    made: UUID | None = connection.scalar(select(beginning))
    if made is None:
        raise DisputeRefused(
            N_("This case is closed, or not about a child under 14 with a guardian.")
        )
    child = connection.scalar(select(cases.c.member_id).where(cases.c.case_id == made))
    entry = ledger.Entry(EventName.CUSTODY_BEGUN, child, PURPOSE, PAGE, case_id=made)
    ledger.write(connection, actor, entry)
    return made


def guardians(subject: Subject) -> tuple[guardian_stop.Guardian, ...]:
    """Return the guardians of the child of the case, awake or asleep, by number: two queries."""
    if custody_asleep.asleep(subject):
        return custody_asleep.guardians(subject)
    return guardian_stop.guardians(subject)


def enter(subject: Subject, order: Order) -> UUID:
    """Stop a guardian as the paper says, from its day on; close the case. Return what was decided.

    Needs a verification. Raise `DisputeRefused` for what is missing, `FileRefused` for a bad file.
    """
    subject.actor.require_verification()
    decision = _decision(subject, order, found := guardians(subject))
    if order.document:
        _keep(subject, order.document)
    case_id = None
    if custody_asleep.asleep(subject):
        brought = _brought(subject)
        case_id = str(brought[0])
        which = custody_asleep.enter(subject, decision, brought)
    else:
        which = _enter(subject, decision, found)
    closing = func.ops.close_case(subject.actor.person, subject.case_id, subject.at)
    subject.connection.execute(select(closing))
    jobs.defer(
        subject.connection, jobs.DISPUTE,
        member_id=str(subject.member_id), dispute_id=str(which), case_id=case_id,
    )  # fmt: skip
    return which


def _enter(subject: Subject, decision: Decision, found: tuple[guardian_stop.Guardian, ...]) -> UUID:
    rows: list[Row] = list(guardian_stop.stop(subject, found, decision))
    row = _row(subject, decision)
    table = subject.tables.dispute
    subject.connection.execute(insert(table).values(row))
    rows.append((table, row))
    journal.note(subject.connection, Noted.REQUESTED, subject.member_id, subject.at, rows=rows)
    return UUID(str(row["dispute_id"]))


def _decision(
    subject: Subject, order: Order, found: tuple[guardian_stop.Guardian, ...]
) -> Decision:
    chosen = next((one for one in found if one.number == order.guardian), None)
    if chosen is None or order.why not in REASONS:
        raise DisputeRefused(N_("Please choose the guardian, and why."))
    if len(order.words.strip()) < FEWEST_WORDS:
        raise DisputeRefused(N_("Please say which paper it is, and from whom."))
    since = order.since or seoul_day(subject.at)
    if since < subject.today:
        raise DisputeRefused(N_("It begins today at the earliest."))
    outcome = DisputeOutcome.ENDED if order.ends else DisputeOutcome.SUSPENDED
    until = None if order.ends else order.until
    words = order.words.strip()
    return Decision(outcome, words, chosen.guardian_id, order.why, until, since)


def _row(subject: Subject, decision: Decision) -> dict[str, object]:
    """Return it as a dispute that the desk opened and decided at once."""
    if subject.sealer is None:
        raise DisputeRefused(N_("The member's key is missing."))
    new = uuid4()
    return {
        "member_id": subject.member_id, "dispute_id": new, "why": DisputeWhy.CUSTODY,
        "opened_by": subject.actor.person, "opened_at": subject.at, "sealed": None,
        "decided_at": subject.at, "decided_by": subject.actor.person,
        "outcome": decision.outcome,
        "answer": subject.sealer.seal(decision.words.encode(), places.dispute_answer(new)),
    }  # fmt: skip


def _keep(subject: Subject, document: bytes) -> None:
    """Keep the paper with the case of who brought it."""
    kind = files.check(document)
    case_id, key = _brought(subject)
    paper = (PaperKind.PROOF, document, kind.value)
    case_papers.keep(subject.connection, key, (subject.member_id, case_id), paper, subject.at)


def _brought(subject: Subject) -> tuple[UUID, Sealer]:
    """Return the case of who brought it, and its key: a member has one open case at a time."""
    case_id = subject.connection.scalar(
        select(cases.c.case_id).where(
            cases.c.member_id == subject.member_id, cases.c.closed_at.is_(None),
            cases.c.kind.in_(OF_CALLERS),
        )
    )  # fmt: skip
    key = case_papers.sealer(subject.member_id, case_id) if case_id else None
    if case_id is None or key is None:
        raise DisputeRefused(N_("The case that it came with is closed: there is no place for it."))
    return case_id, key
