"""Settles what a case asked for: agreed to, refused or taken back, once and by whoever is first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, update

from db.law import law
from db.tables.cases import case as case_table
from db.tables.cases import case_step
from db.words import N_, StepMeans, StepState, StepWhat
from services import case_noting, case_steps
from services.cases import CaseRefused
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection

    from services.case_steps import Step
    from services.cases import Case
    from services.subject import Subject


def take_back(subject: Subject, case: Case, step_id: UUID) -> None:
    """Take a step back that was asked for and has not been done; its link no longer works."""
    if settle(subject, case.case_id, step_id, StepState.TAKEN_BACK, None) is None:
        raise gone()
    note(subject, case.case_id, EventName.STEP_TAKEN_BACK, None)


def take_back_all(connection: Connection, whose: tuple[UUID, UUID], now: datetime) -> None:
    """Take back whatever is open in a case; `whose`: the member and the case."""
    c = case_step.c
    mine = (c.member_id == whose[0], c.case_id == whose[1], c.state.in_(case_steps.OPEN))
    gone = update(case_step).where(*mine).values(state=StepState.TAKEN_BACK).returning(case_step)
    for row in connection.execute(gone).mappings().all():
        case_steps.keep_for_restore(connection, row, now)


def refuse(subject: Subject, step_id: UUID) -> None:
    """Refuse a step as a second one of the staff, in whose case it is not."""
    if subject.case_id is None:
        raise gone()
    done = settle(subject, subject.case_id, step_id, StepState.REFUSED, StepMeans.SECOND)
    if done is None:
        raise gone()
    note(subject, subject.case_id, EventName.STEP_REFUSED, done.what, done.items)


def settle(
    subject: Subject, case_id: UUID, step_id: UUID, state: StepState, means: StepMeans | None
) -> Step | None:
    """Let an open step become `state` and return it; None when somebody was faster."""
    c = case_step.c
    values: dict[str, Any] = {"state": state}
    if means is not None:
        values |= {"means": means, "decided_at": subject.at}
        if means is StepMeans.SECOND:
            values["decided_by"] = subject.actor.person
    if state is StepState.DONE:
        values["done_at"] = subject.at
    if state is StepState.RUNNING:
        wait = timedelta(hours=law().calls.recovery_wait_hours)
        # It stays open through its wait, and then until the worker has done it.
        # Counted anew once the old contacts are written to (`case_telling.link`).
        values |= {"waits_until": subject.at + wait}
    open_ = (
        c.member_id == subject.member_id, c.case_id == case_id, c.step_id == step_id,
        c.state.in_(case_steps.OPEN), (c.expires_at > subject.at) | (c.state == StepState.RUNNING),
    )  # fmt: skip
    changed = update(case_step).where(*open_).values(values).returning(case_step)
    if means is not None and state is not StepState.REFUSED:
        # The member may have said "that wasn't me" since the link was opened.
        changed = changed.where(_goes_on(case_id))
    row = subject.connection.execute(changed).one_or_none()
    if row is None:
        return None
    case_steps.keep_for_restore(subject.connection, row._mapping, subject.at)  # noqa: SLF001 (its own name)
    return case_steps.of_row(row)


def _goes_on(case_id: UUID) -> ColumnElement[bool]:
    c = case_table.c
    stands = (c.case_id == case_id, c.closed_at.is_(None), c.suspended_at.is_(None))
    return exists().where(*stands)


def gone() -> CaseRefused:
    """Return what is said of a step that is over, or was decided by somebody faster."""
    return CaseRefused(N_("This doesn't wait any more: it was decided, taken back, or is over."))


def note(
    subject: Subject,
    case_id: UUID,
    name: EventName,
    what: StepWhat | None,
    items: tuple[str, ...] = (),
) -> None:
    """Write the event of a step: what, of which items, in which case."""
    whose = (subject.member_id, case_id)
    case_noting.note(subject.connection, subject.actor, name, whose, what, items)
