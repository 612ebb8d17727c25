"""A paper about a sleeping child: its guardian is stopped where it is kept, and it sleeps on.

The portal reads nothing of who sleeps: functions of the database number the guardians and stop
one, in the officer's own case. The child's key is the worker's alone, so the officer's words are
sealed with the case's key first, and by the worker with the child's (clause 3.3; P09).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import Boolean, Date, LargeBinary, Uuid, bindparam, column, func, select, update

from db import places
from db.sealing import SealError
from db.tables.member import DORMANT, LIVE, STORES
from db.words import N_, DisputeOutcome, DisputeWhy, Noted, Store
from services import case_papers, guardian_stop, journal, outbox
from services.disputes import DisputeRefused
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from db.sealing import Sealer
    from services.guardian_stop import Decision, Guardian
    from services.journal_rows import Row
    from services.subject import Subject

_GUARDIANS = (
    column("guardian_id", Uuid), column("started_on", Date), column("ended_on", Date),
    column("proof", Boolean), column("suspended_on", Date), column("suspended_until", Date),
    column("acts", Boolean),
)  # fmt: skip


def asleep(subject: Subject) -> bool:
    """Return whether the child of the case sleeps: one query."""
    own = LIVE.member.c.member_id
    return subject.connection.scalar(select(own).where(own == subject.member_id)) is None


def guardians(subject: Subject) -> tuple[Guardian, ...]:
    """Return the guardians of the sleeping child of the officer's case: one query.

    `acts`: whether they might act, were the child awake.
    """
    listed = func.ops.guardians_asleep(
        subject.actor.person, subject.case_id, subject.at, subject.today
    ).table_valued(*_GUARDIANS, name="listed")
    rows = subject.connection.execute(select(listed).order_by(listed.c.started_on)).all()
    return guardian_stop.numbered(rows)


def enter(subject: Subject, decision: Decision, brought: tuple[UUID, Sealer]) -> UUID:
    """Stop the guardian from its day on; return what was decided, as a dispute.

    `brought`: the case that the paper came with, and its key. Raise `DisputeRefused` where the
    link has ended, or the child is awake or 14 by now.
    """
    guardian, why, since = guardian_stop.meant(subject, decision)
    new, ends = uuid4(), decision.outcome is DisputeOutcome.ENDED
    words = brought[1].seal(decision.words.encode(), places.dispute_answer(new))
    link = DORMANT.guardianship
    stopping = func.ops.stop_asleep(
        subject.actor.person, subject.case_id, subject.at, subject.today, guardian,
        why.value, since,
        bindparam("until", None if ends else decision.until, type_=Date), ends, new,
        bindparam("words", words, type_=LargeBinary),
    ).table_valued(*(column(one.name, one.type) for one in link.c), name="stopped")  # fmt: skip
    stopped = subject.connection.execute(select(stopping)).mappings()
    rows: list[Row] = [(link, row) for row in stopped]
    if not rows:
        raise DisputeRefused(
            N_("This guardian's link has ended already, or the child has just come back. Please "
               "choose the case anew.")
        )  # fmt: skip
    rows.append((DORMANT.dispute, {
        "member_id": subject.member_id, "dispute_id": new, "why": DisputeWhy.CUSTODY,
        "opened_by": subject.actor.person, "opened_at": subject.at, "sealed": None,
        "decided_at": subject.at, "decided_by": subject.actor.person,
        "outcome": decision.outcome, "answer": words,
    }))  # fmt: skip
    journal.note(subject.connection, Noted.REQUESTED, subject.member_id, subject.at, rows=rows)
    name = EventName.GUARDIAN_ENDED if ends else EventName.GUARDIAN_SUSPENDED
    guardian_stop.note(subject, name, why)
    return new


def seal_anew(
    data: Connection,
    key: tuple[UUID, UUID],
    case_id: UUID,
    opened: Callable[[UUID], tuple[Store, Sealer]],
    now: datetime,
) -> None:
    """Seal the words of `key` (child, dispute) with the child's own key, as the worker.

    Twice changes nothing. Raise `NoKeyError` of who has left, and of who is just being moved.
    """
    store, own = opened(key[0])
    table, case_key = STORES[store].dispute, case_papers.sealer(key[0], case_id)
    mine = (table.c.member_id == key[0], table.c.dispute_id == key[1])
    row = data.execute(select(table).where(*mine).with_for_update()).mappings().one_or_none()
    if row is None and _elsewhere(data, store, key):
        raise outbox.NoKeyError  # the key follows the rows in a moment
    if row is None or row["answer"] is None or case_key is None:
        return
    place = places.dispute_answer(key[1])
    try:
        words = case_key.open(row["answer"], place)
    except SealError:
        return  # it is the child's by now
    changed = dict(row) | {"answer": own.seal(words, place)}
    data.execute(update(table).where(*mine).values(answer=changed["answer"]))
    journal.note(data, Noted.REQUESTED, key[0], now, rows=[(table, changed)])


def _elsewhere(data: Connection, store: Store, key: tuple[UUID, UUID]) -> bool:
    """Return whether the dispute is in the other store than the key says."""
    table = (LIVE if store is Store.DORMANT else DORMANT).dispute
    mine = (table.c.member_id == key[0], table.c.dispute_id == key[1])
    return data.scalar(select(table.c.dispute_id).where(*mine)) is not None
