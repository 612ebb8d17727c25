"""What staff can't do alone: asked in a case, then agreed to by the member or a second one (P31).

Leaving, clearing, a copy of the data, another e-mail address, a new sign-in. The member says yes by
a link to what is registered; a second one of the staff on the desk. Then runs what the member's own
page would have run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, DateTime, Text, Uuid, column, exists, func, insert, select, update

from db import places
from db.declarations import ITEMS
from db.law import law
from db.sealing import SealError
from db.tables.cases import case as case_table
from db.tables.cases import case_step
from db.words import (
    N_,
    Caller,
    CallWish,
    Noted,
    StepMeans,
    StepState,
    StepWhat,
)
from services import (
    case_noting,
    case_papers,
    case_waiting,
    clearing,
    contact_values,
    guardian_calls,
    guardians_own,
    jobs,
    journal,
)
from services.cases import CaseRefused
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import ColumnClause, ColumnElement, Connection

    from services.actor import Actor
    from services.cases import Case
    from services.journal_rows import Held
    from services.subject import Subject

OPEN: Final = (StepState.WAITING, StepState.RUNNING)
MOST: Final = 50
"""Steps that the desk lists."""
NEEDS: Final = {
    StepWhat.LEAVE: CallWish.LEAVE,
    StepWhat.CLEAR: CallWish.CORRECT,
    StepWhat.EMAIL: CallWish.CORRECT,
    StepWhat.EXPORT: CallWish.EXPORT,
    StepWhat.RECOVER: CallWish.SIGN_IN,
}
"""What the caller must have asked for."""


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


def ask(
    subject: Subject, case: Case, what: StepWhat, items: Iterable[str] = (), typed: str = ""
) -> UUID:
    """Ask for a step; the member gets a link. Return which it is.

    `typed` is a new e-mail address. Raise `CaseRefused`, `ValueRefused`, `NotClearable`,
    or `ContactRefused` for a guardian's own as the child's.
    """
    wanted = _checked(subject, case, what, tuple(items))
    step_id = uuid4()
    sealed = _sealed(subject, case, step_id, what, typed)
    lasts = timedelta(hours=law().calls.confirm_hours)
    row = subject.connection.execute(
        insert(case_step).values(
            member_id=case.member_id, case_id=case.case_id, step_id=step_id, what=what,
            items=list(wanted), sealed=sealed, language=subject.actor.language,
            asked_by=subject.actor.person, asked_at=subject.at, expires_at=subject.at + lasts,
            state=StepState.WAITING,
        )
        .returning(case_step)
    ).mappings().one()  # fmt: skip
    keep_for_restore(subject.connection, row, subject.at)
    if what is not StepWhat.RECOVER:
        _send_link(subject, case.case_id, step_id)
    note(subject, case.case_id, EventName.STEP_ASKED, what, wanted)
    return step_id


def _send_link(subject: Subject, case_id: UUID, step_id: UUID) -> None:
    given = {"case_id": str(case_id), "step_id": str(step_id)}
    jobs.defer(subject.connection, jobs.CASE_LINK, **given)


def _checked(
    subject: Subject, case: Case, what: StepWhat, items: tuple[str, ...]
) -> tuple[str, ...]:
    if not case.verified:
        raise CaseRefused(N_("Nothing can be done before it is clear who the caller is."))
    if case.caller is Caller.GUARDIAN and guardian_calls.guardian_of(subject) is None:
        raise CaseRefused(guardian_calls.NO_MORE)
    if NEEDS[what] not in case.asked:
        raise CaseRefused(N_("The caller has not asked for this. Add it to what is asked first."))
    if case_waiting.same(of_case(subject.connection, case), what, items, subject.at):
        raise CaseRefused(N_("This has been asked already and waits for a second word."))
    if what is StepWhat.CLEAR:
        if not items or not all(
            name in ITEMS and clearing.at_once(subject, name) for name in items
        ):
            raise clearing.NotClearable(
                N_("This can't be cleared at once. Please ask for it instead.")
            )
        return items
    return ("email",) if what in {StepWhat.EMAIL, StepWhat.RECOVER} else ()


def _sealed(
    subject: Subject, case: Case, step_id: UUID, what: StepWhat, typed: str
) -> bytes | None:
    if what not in {StepWhat.EMAIL, StepWhat.RECOVER}:
        return None
    value = contact_values.accepted("email", typed, subject.today)
    guardians_own.refuse(subject, value)
    key = case_papers.sealer(case.member_id, case.case_id)
    if key is None:
        raise CaseRefused(N_("The key of this case is missing."))
    return key.seal(value.encode(), places.case_step(step_id))


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


def take_back(subject: Subject, case: Case, step_id: UUID) -> None:
    """Take a step back that was asked for and has not been done; its link no longer works."""
    if settle(subject, case.case_id, step_id, StepState.TAKEN_BACK, None) is None:
        raise gone()
    note(subject, case.case_id, EventName.STEP_TAKEN_BACK, None)


def take_back_all(connection: Connection, whose: tuple[UUID, UUID], now: datetime) -> None:
    """Take back whatever is open in a case; `whose`: the member and the case."""
    c = case_step.c
    mine = (c.member_id == whose[0], c.case_id == whose[1], c.state.in_(OPEN))
    gone = update(case_step).where(*mine).values(state=StepState.TAKEN_BACK).returning(case_step)
    for row in connection.execute(gone).mappings().all():
        keep_for_restore(connection, row, now)


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
        c.state.in_(OPEN), (c.expires_at > subject.at) | (c.state == StepState.RUNNING),
    )  # fmt: skip
    changed = update(case_step).where(*open_).values(values).returning(case_step)
    if means is not None and state is not StepState.REFUSED:
        # The member may have said "that wasn't me" since the link was opened.
        changed = changed.where(_goes_on(case_id))
    row = subject.connection.execute(changed).one_or_none()
    if row is None:
        return None
    keep_for_restore(subject.connection, row._mapping, subject.at)  # noqa: SLF001 (its own name)
    return of_row(row)


def _goes_on(case_id: UUID) -> ColumnElement[bool]:
    c = case_table.c
    stands = (c.case_id == case_id, c.closed_at.is_(None), c.suspended_at.is_(None))
    return exists().where(*stands)


def keep_for_restore(connection: Connection, row: Held, now: datetime) -> None:
    """Note a step as it stands: a no, or a link that went out, must not be lost with the data."""
    rows = [(case_step, row)]
    journal.note(connection, Noted.REQUESTED, row["member_id"], now, rows=rows)


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
