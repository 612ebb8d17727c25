"""Asks in a case for what staff can't do alone: the member or a second one is to agree (P31).

Leaving, clearing, a copy of the data, another e-mail address, a new sign-in. The member says yes by
a link to what is registered; a second one of the staff on the desk. Then runs what the member's own
page would have run.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from sqlalchemy import insert

from db import places
from db.declarations import ITEMS
from db.law import law
from db.tables.cases import case_step
from db.words import N_, Caller, CallWish, StepState, StepWhat
from services import (
    case_papers,
    case_settling,
    case_steps,
    case_waiting,
    clearing,
    contact_values,
    guardian_calls,
    guardians_own,
    jobs,
)
from services.cases import CaseRefused
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.cases import Case
    from services.subject import Subject

NEEDS: Final = {
    StepWhat.LEAVE: CallWish.LEAVE,
    StepWhat.CLEAR: CallWish.CORRECT,
    StepWhat.EMAIL: CallWish.CORRECT,
    StepWhat.EXPORT: CallWish.EXPORT,
    StepWhat.RECOVER: CallWish.SIGN_IN,
}
"""What the caller must have asked for."""


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
    case_steps.keep_for_restore(subject.connection, row, subject.at)
    if what is not StepWhat.RECOVER:
        _send_link(subject, case.case_id, step_id)
    case_settling.note(subject, case.case_id, EventName.STEP_ASKED, what, wanted)
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
    if case_waiting.same(case_steps.of_case(subject.connection, case), what, items, subject.at):
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
