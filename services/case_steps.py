"""What staff can't do alone, each step as it is stored: of a case, or for the whole desk (P31)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ARRAY, DateTime, Text, Uuid, column, func, select

from db import places
from db.sealing import SealError
from db.tables.cases import case_step
from db.words import Noted, StepMeans, StepState, StepWhat
from services import case_papers, journal

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnClause, Connection

    from services.actor import Actor
    from services.cases import Case
    from services.journal_rows import Held
    from services.subject import Subject

OPEN: Final = (StepState.WAITING, StepState.RUNNING)
MOST: Final = 50
"""Steps that the desk lists."""


@dataclass(frozen=True)
class Step:
    """Something that waits, or waited. `waits_until`: a new sign-in counts from then on."""

    step_id: UUID
    what: StepWhat
    items: tuple[str, ...]
    state: StepState
    asked_by: UUID
    asked_at: datetime
    expires_at: datetime
    means: StepMeans | None
    decided_at: datetime | None
    waits_until: datetime | None
    sealed: bytes | None = field(default=None, repr=False)

    def open(self, now: datetime) -> bool:
        """Return whether it may still happen: nobody decided, and its time is not over."""
        waits = self.state is StepState.WAITING and self.expires_at > now
        return waits or self.state is StepState.RUNNING


@dataclass(frozen=True)
class Listed:
    """A step as the desk lists it for all: no value, no name."""

    member_id: UUID
    case_id: UUID
    step_id: UUID
    what: StepWhat
    items: tuple[str, ...]
    state: StepState
    asked_at: datetime
    waits_until: datetime | None
    case_no: str
    staff_no: str
    mine: bool


def of_case(connection: Connection, case: Case) -> tuple[Step, ...]:
    """Return the steps of a case, the newest first: one query in a transaction of its member."""
    c = case_step.c
    rows = connection.execute(
        select(case_step)
        .where(c.member_id == case.member_id, c.case_id == case.case_id)
        .order_by(c.asked_at.desc(), c.step_id)
    )
    return tuple(of_row(row) for row in rows)


def of_row(row: Any) -> Step:  # noqa: ANN401 (a row)
    """Return the step of a row of `ops.case_step`."""
    return Step(
        row.step_id, StepWhat(row.what), tuple(row.items), StepState(row.state), row.asked_by,
        row.asked_at, row.expires_at, StepMeans(row.means) if row.means else None, row.decided_at,
        row.waits_until, row.sealed,
    )  # fmt: skip


_MOMENT = DateTime(timezone=True)
_COLUMNS: tuple[ColumnClause[Any], ...] = (
    column("member_id", Uuid), column("case_id", Uuid), column("step_id", Uuid),
    column("what", Text), column("items", ARRAY(Text)), column("state", Text),
    column("asked_by", Uuid), column("asked_at", _MOMENT), column("expires_at", _MOMENT),
    column("waits_until", _MOMENT), column("case_no", Text), column("staff_no", Text),
)  # fmt: skip


def listed(connection: Connection, actor: Actor) -> tuple[Listed, ...]:
    """Return what waits in all cases, the oldest first, `MOST` at the most: one query."""
    found = func.ops.open_steps(actor.person, actor.at, MOST).table_valued(*_COLUMNS, name="s")
    return tuple(
        Listed(
            row.member_id, row.case_id, row.step_id, StepWhat(row.what),
            tuple(row.items), StepState(row.state), row.asked_at, row.waits_until,
            row.case_no, row.staff_no, row.asked_by == actor.person,
        )
        for row in connection.execute(select(found))
    )  # fmt: skip


def value_of(member_id: UUID, case_id: UUID, step: Step) -> str | None:
    """Return the address that a step is about; None when there is none that opens."""
    key = case_papers.sealer(member_id, case_id) if step.sealed else None
    if key is None or step.sealed is None:
        return None
    try:
        return key.open(step.sealed, places.case_step(step.step_id)).decode()
    except SealError:
        return None


def one(subject: Subject, step_id: UUID) -> Step | None:
    """Return a step of the case that the subject was opened in."""
    c = case_step.c
    mine = (c.member_id == subject.member_id, c.case_id == subject.case_id, c.step_id == step_id)
    row = subject.connection.execute(select(case_step).where(*mine)).one_or_none()
    return of_row(row) if row is not None else None


def keep_for_restore(connection: Connection, row: Held, now: datetime) -> None:
    """Note a step as it stands: a no, or a link that went out, must not be lost with the data."""
    rows = [(case_step, row)]
    journal.note(connection, Noted.REQUESTED, row["member_id"], now, rows=rows)
