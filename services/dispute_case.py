"""A dispute in the officer's hand: taken, read, decided. What was said shows nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import Uuid, func, select, update

from db import places
from db.tables.member import LIVE
from db.tables.ops import case as cases
from db.words import N_, DisputeOutcome, DisputeWhy, Noted
from services import jobs, journal, ledger
from services.desk_queue import CASE_LASTS, TakenError
from services.dispute_rights import FEWEST_WORDS, PAGE, PURPOSE, officer
from services.disputes import DisputeRefused
from services.guardian_stop import Decision, Guardian, guardians, note, stop
from services.ledger import EventName
from services.relations import OWN, as_subject, helps

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from services.actor import Actor
    from services.journal_rows import Row
    from services.subject import Subject


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
    if not helps(connection, actor, member_id):
        raise TakenError(OWN)
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
    note(subject, EventName.DISPUTE_DECIDED, decision.outcome)
    closing = func.ops.close_case(subject.actor.person, subject.case_id, subject.at)
    subject.connection.execute(select(closing))
    jobs.defer(
        subject.connection, jobs.DISPUTE,
        member_id=str(subject.member_id), dispute_id=str(found.dispute_id),
    )  # fmt: skip
