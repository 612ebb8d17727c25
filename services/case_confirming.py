"""Carries out what a case asked for, once the member or a second one of the staff agreed (P31)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from sqlalchemy import func, select

from db.errors import PortalError
from db.sealing import digest
from db.tables.cases import case_step
from db.words import (
    N_,
    ActorKind,
    ExportGroup,
    Purpose,
    StepMeans,
    StepState,
    StepWhat,
)
from services import (
    access,
    case_settling,
    case_steps,
    certificate,
    clearing,
    email_change,
    exports,
    held_values,
    jobs,
    leaving,
)
from services.actor import Actor, Permission
from services.archive_source import Order
from services.ledger import EventName
from services.relations import as_subject

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from services.case_steps import Step
    from services.certificate import Certificate
    from services.language import Language
    from services.subject import Subject

PATH: Final = "/confirm-case"
_PERMISSIONS: Final = {
    StepWhat.LEAVE: Permission.ACCOUNT_LEAVE,
    StepWhat.EXPORT: Permission.DATA_EXPORT,
    StepWhat.CLEAR: Permission.PROFILE_CORRECT,
    StepWhat.EMAIL: Permission.PROFILE_CORRECT,
    StepWhat.RECOVER: Permission.PROFILE_READ,
}
OVER: Final = N_("This link has been used or is too old. Nothing more happens by it.")


class LinkOver(PortalError):  # noqa: N818 (the person asks us)
    """The link was used, taken back, or is too old."""


@dataclass(frozen=True)
class Waiting:
    """What a link leads to. `running`: a new sign-in that may be objected to until `until`.

    Another link works before `expires_at`.
    """

    member_id: UUID
    case_id: UUID
    step_id: UUID
    what: StepWhat
    items: tuple[str, ...]
    running: bool
    until: datetime | None
    sent_to: UUID
    no: str
    expires_at: datetime


def waiting(connection: Connection, token: str, now: datetime) -> Waiting:
    """Return what a link is about, without using it: two queries. Raise `LinkOver`."""
    row = connection.execute(
        select(
            func.ops.step_by_link(digest(token), now).table_valued(
                "member_id", "case_id", "step_id", "what", "items", "state", "waits_until",
                "language", "sent_to", "case_no",
            )
        )
    ).one_or_none()  # fmt: skip
    if row is None:
        raise LinkOver(OVER)
    as_subject(connection, row.member_id)
    c = case_step.c
    mine = (c.member_id == row.member_id, c.case_id == row.case_id, c.step_id == row.step_id)
    expires = connection.scalar(select(c.expires_at).where(*mine))
    if expires is None:  # it went with its case meanwhile
        raise LinkOver(OVER)
    return Waiting(
        row.member_id, row.case_id, row.step_id, StepWhat(row.what),
        tuple(row.items), row.state == StepState.RUNNING, row.waits_until,
        row.sent_to or row.member_id, row.case_no, expires,
    )  # fmt: skip


def _actor(found: Waiting, now: datetime, language: Language) -> Actor:
    """Return who follows the link: it was sent to what is registered, and proves as much.

    There is no session here to name.
    """
    return Actor(ActorKind.SELF, found.sent_to, uuid4(), now, verified_at=now, language=language)


def confirm(found: Waiting, language: Language, now: datetime) -> Certificate | None:
    """Do what the link's step asks, as its reader; return the certificate of who leaves.

    Raise `LinkOver`, `AccessDenied` for a guardian whose child turned 14, or what the step raises.
    """
    if found.what is StepWhat.RECOVER:
        raise LinkOver(OVER)
    with _opened(found, EventName.STEP_CONFIRMED, language, now) as subject:
        step = case_settling.settle(
            subject, found.case_id, found.step_id, StepState.DONE, StepMeans.LINK
        )
        if step is None:
            raise LinkOver(OVER)
        return carry_out(subject, found.case_id, step)


def object_to(found: Waiting, language: Language, now: datetime) -> None:
    """Say no: what was asked for does not happen, and its case says so. Raise `LinkOver`."""
    name = EventName.RECOVERY_OBJECTED if found.running else EventName.STEP_REFUSED
    with _opened(found, name, language, now) as subject:
        settled = case_settling.settle(
            subject, found.case_id, found.step_id, StepState.REFUSED, None
        )
        if settled is None:
            raise LinkOver(OVER)


def _opened(found: Waiting, name: EventName, language: Language, now: datetime):  # type: ignore[no-untyped-def]  # noqa: ANN202 (what access.open returns)
    look = access.Look(name, _PERMISSIONS[found.what], PATH, found.items, folds=False)
    actor = _actor(found, now, language)
    return access.open(actor, found.member_id, Purpose.SHOW, found.case_id, look=look)


def approve(subject: Subject, step_id: UUID) -> Certificate | None:
    """Agree as a second one of the staff; return the certificate of who leaves.

    Needs their own fresh verification. Raise `CaseRefused` when somebody was faster.
    """
    subject.actor.require_verification()
    if subject.case_id is None:
        raise case_settling.gone()
    asked = case_steps.one(subject, step_id)
    recover = asked is not None and asked.what is StepWhat.RECOVER
    state = StepState.RUNNING if recover else StepState.DONE
    step = case_settling.settle(subject, subject.case_id, step_id, state, StepMeans.SECOND)
    if step is None:
        raise case_settling.gone()
    case_settling.note(subject, subject.case_id, EventName.STEP_APPROVED, step.what, step.items)
    if recover:
        given = {"case_id": str(subject.case_id), "step_id": str(step_id)}
        jobs.defer(subject.connection, jobs.CASE_LINK, **given)
        return None
    return carry_out(subject, subject.case_id, step)


def carry_out(subject: Subject, case_id: UUID, step: Step) -> Certificate | None:
    """Run what the member's own page would have run."""
    if step.what is StepWhat.LEAVE:
        given = certificate.new()
        leaving.ask(subject, given)
        return given
    if step.what is StepWhat.EXPORT:
        exports.ask(subject, Order(frozenset(ExportGroup), subject.actor.language, workbook=True))
    elif step.what is StepWhat.CLEAR:
        clearing.clear(subject, step.items)
    elif step.what is StepWhat.EMAIL:
        value = case_steps.value_of(subject.member_id, case_id, step)
        if value is None:
            raise case_settling.gone()
        email_change.ask(subject, value, held_values.text_of(subject, "email", 0))
    return None
