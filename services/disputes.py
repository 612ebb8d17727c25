"""Disputes about who acts for a child: opened by the child or a guardian, decided by an officer.

While one is open no guardian sees where the child is, and nothing that can't be undone is done
(clause 9; `Subject.hides`, `services.holding_back`). Who opened it is told to nobody but the desk.
Nobody takes one back: whoever may be pressed to do so is safe only if it can't be done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import and_, select, update
from sqlalchemy.dialects.postgresql import insert

from db import places
from db.children_rules import rules
from db.clock import seoul_day
from db.errors import PortalError
from db.tables.exports import export
from db.tables.member import LIVE
from db.words import N_, DisputeOutcome, DisputeWhy, ExportState, Noted
from services import export_whose, guarding, jobs, journal, waiting_values
from services.actor import Relation
from services.exports import HERE
from services.outbox import NoKeyError
from services.relations import as_subject

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from services.actor import Actor
    from services.subject import Subject


class DisputeRefused(PortalError):  # noqa: N818 (the sentence says why)
    """A dispute can't be opened or decided like this."""


@dataclass(frozen=True)
class Mine:
    """A dispute that the reader opened."""

    dispute_id: UUID
    why: DisputeWhy
    opened_at: datetime
    decided_at: datetime | None
    outcome: DisputeOutcome | None
    answer: str | None = field(repr=False)


@dataclass(frozen=True)
class Standing:
    """What the reader may know: whether one is open, and the one they opened last themselves.

    `about_child`: whether there can be a dispute at all.
    """

    open: bool
    mine: Mine | None
    about_child: bool

    @property
    def can_open(self) -> bool:
        """Return whether the reader may open one: they have none that is open."""
        waits = self.mine is not None and self.mine.decided_at is None
        return self.about_child and not waits


def standing(subject: Subject) -> Standing:
    """Return what is open, without who opened it: two queries."""
    member, table = subject.tables.member.c, subject.tables.dispute
    found = subject.connection.execute(
        select(
            guarding.disputed(subject.tables, subject.member_id, subject.today).label("open"),
            (member.turns_14_on > subject.today).label("child"),
        ).where(member.member_id == subject.member_id)
    ).one_or_none()
    if found is None:
        return Standing(open=False, mine=None, about_child=False)
    row = subject.connection.execute(
        select(table)
        .where(table.c.member_id == subject.member_id, table.c.opened_by == subject.actor.person)
        .order_by(table.c.opened_at.desc())
        .limit(1)
    ).one_or_none()
    mine = None
    if row is not None:
        outcome = DisputeOutcome(row.outcome) if row.outcome else None
        answer = subject.open(row.answer, places.dispute_answer(row.dispute_id))
        mine = Mine(row.dispute_id, DisputeWhy(row.why), row.opened_at, row.decided_at, outcome,
                    answer)  # fmt: skip
    return Standing(open=found.open, mine=mine, about_child=bool(found.child))


def told_to(connection: Connection, actor: Actor, child: UUID) -> bool:
    """Return whether who acts for a child has to be told of a dispute: two statements."""
    as_subject(connection, child)
    today = seoul_day(actor.at)
    acts = guarding.guards(child, actor.person, today)
    return bool(connection.scalar(select(and_(acts, guarding.disputed(LIVE, child, today)))))


def open_dispute(subject: Subject, why: DisputeWhy, words: str = "") -> UUID:
    """Open a dispute; from this moment guardians don't see where the child is. Return its id.

    What guardians had asked to take along is destroyed, and the link to an address that one of
    them gave for the child works no more. Raise `DisputeRefused` where there is one
    of the same person's, of nobody's child, or for words that are too many.
    """
    text = words.strip()
    if len(text) > rules().dispute.longest:
        raise DisputeRefused(
            N_("Please say it in at most {count} characters."), count=rules().dispute.longest
        )
    state = standing(subject)
    if not state.about_child or subject.relation is Relation.STAFF:
        raise DisputeRefused(N_("There is no guardian who acts here."))
    row = _row(subject, why, text)
    # Of two tabs that open one at once the second is told.
    made = subject.connection.scalar(
        insert(subject.tables.dispute)
        .values(row)
        .on_conflict_do_nothing()
        .returning(subject.tables.dispute.c.dispute_id)
    )
    if made is None:
        raise DisputeRefused(N_("You have told us already. We are looking at it."))
    journal.note(
        subject.connection, Noted.REQUESTED, subject.member_id, subject.at,
        rows=[(subject.tables.dispute, row)],
    )  # fmt: skip
    end_exports(subject.connection, subject.member_id)
    waiting_values.forget_guardians(subject)
    return UUID(str(row["dispute_id"]))


def _row(subject: Subject, why: DisputeWhy, text: str) -> dict[str, object]:
    dispute_id = uuid4()
    if text and subject.sealer is None:
        raise NoKeyError
    sealed = None
    if text and subject.sealer is not None:
        sealed = subject.sealer.seal(text.encode(), places.dispute(dispute_id))
    return {
        "member_id": subject.member_id, "dispute_id": dispute_id, "why": why,
        "opened_by": subject.actor.person, "opened_at": subject.at, "sealed": sealed,
    }  # fmt: skip


def end_exports(connection: Connection, child: UUID, guardian: UUID | None = None) -> None:
    """Let the copies end that guardians (or one) had made of a child; the files follow at once.

    So does what was made for a guardian who called, once the child has let go of it.
    """
    whose = (export_whose.guardians(guardian),) if guardian else ()
    ended = connection.execute(
        update(export)
        .where(
            export.c.member_id == child,
            export_whose.guardians_alone(),
            export.c.state.in_(HERE),
            *whose,
        )
        .values(state=ExportState.DESTROYED)
    )
    if ended.rowcount:
        jobs.defer(connection, jobs.END_EXPORTS)
