"""Going on with a case: renewed, taken over, widened, put off; and which staff are members, too."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, Interval, Text, bindparam, func, select

from db.law import law
from db.tables.ops import staff
from db.words import N_
from services import case_noting, case_settling, cases, jobs, ledger
from services.cases import CaseRefused
from services.ledger import EventName
from services.relations import as_subject

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import BindParameter, Connection

    from db.words import CallWish, CaseReason, Postponed
    from services.actor import Actor
    from services.cases import Case


def renew(connection: Connection, actor: Actor, case: Case, why: CaseReason) -> datetime:
    """Go on for half an hour more, and return until when. Raise `CaseRefused` where it is over.

    Whoever was verified too long ago, or as somebody they no longer are, is verified anew.
    """
    until: datetime | None = connection.scalar(
        select(func.ops.renew_call(actor.person, case.case_id, actor.at, _lasts()))
    )
    if until is None:
        raise cases.over()
    case_noting.note(connection, actor, EventName.CASE_RENEWED, (case.member_id, case.case_id), why)
    return until


def _lasts() -> BindParameter[timedelta]:
    """Return for how long a caller who was verified is so."""
    return bindparam("lasts", timedelta(hours=law().calls.verified_hours), type_=Interval)


def take_over(connection: Connection, actor: Actor, case_id: UUID, why: CaseReason) -> Case:
    """Take a colleague's case in hand, with a reason. Raise `CaseRefused`.

    As with renewing, whoever was verified too long ago is verified anew.
    """
    taking = func.ops.take_call(actor.person, case_id, actor.at, _lasts())
    if not connection.scalar(select(taking)):
        raise cases.over()
    found = cases.read(connection, case_id)
    if found is None:
        raise cases.over()
    case_noting.note(connection, actor, EventName.CASE_TAKEN_OVER, (found.member_id, case_id), why)
    return found


def bind(connection: Connection, actor: Actor, case: Case, guardian: UUID) -> None:
    """Say which guardian a case is for, where it was not said; they are verified anew.

    What was asked for before may have been another guardian's wish, so it is taken back.
    Raise `CaseRefused` for one who may not act for the child, or when it is said already.
    """
    done = func.ops.bind_guardian(actor.person, case.case_id, guardian, actor.at)
    if not connection.scalar(select(done)):
        raise cases.over()
    as_subject(connection, case.member_id)
    case_settling.take_back_all(connection, (case.member_id, case.case_id), actor.at)
    case_noting.journal_row(connection, actor, case.member_id, case.case_id)
    case_noting.note(
        connection, actor, EventName.CASE_GUARDIAN_NAMED, (case.member_id, case.case_id)
    )


def widen(connection: Connection, actor: Actor, case: Case, asked: frozenset[CallWish]) -> None:
    """Note what else the caller asks for; the rights follow, if they are verified."""
    wishes = sorted(asked | case.asked)
    rights = [p.value for p in cases.rights_of(asked | case.asked)]
    done = connection.scalar(
        select(
            func.ops.widen_call(
                actor.person, case.case_id, bindparam("asked", wishes, type_=ARRAY(Text)),
                bindparam("rights", rights, type_=ARRAY(Text)),
            )
        )
    )  # fmt: skip
    if not done:
        raise cases.over()
    case_noting.note(connection, actor, EventName.CASE_WIDENED, (case.member_id, case.case_id))


def postpone(connection: Connection, actor: Actor, case: Case, why: Postponed) -> date:
    """Put the answer off once, and return until when (PIPA art. 35(3)). Raise `CaseRefused`."""
    due = case.due_on + timedelta(days=law().calls.postponed_days)
    done = func.ops.postpone_call(actor.person, case.case_id, due, why.value)
    if not connection.scalar(select(done)):
        raise CaseRefused(N_("An answer is put off once, and only in a case that is open."))
    case_noting.journal_row(connection, actor, case.member_id, case.case_id)
    case_noting.note(
        connection, actor, EventName.CASE_POSTPONED, (case.member_id, case.case_id), why
    )
    if case.verified:
        jobs.defer(
            connection, jobs.CASE_ANSWER, case_id=str(case.case_id), template="case_postponed",
            language=actor.language,
        )  # fmt: skip
    return due


def link_staff(
    connection: Connection, actor: Actor, staff_id: UUID, member_id: UUID | None, why: CaseReason
) -> None:
    """Note which membership one of the staff has, as an officer; they open no case on it.

    Both the member that was noted before and the new one see it. Needs a verification. Raise
    `CaseRefused` for one's own: who could take it away could open a case on themselves.
    """
    actor.require_verification()
    if staff_id == actor.person:
        raise CaseRefused(N_("Another officer notes your own membership."))
    before = connection.scalar(select(staff.c.own_membership).where(staff.c.staff_id == staff_id))
    done = connection.scalar(select(func.ops.link_staff(actor.person, staff_id, member_id)))
    if not done:
        raise CaseRefused(N_("Only an officer notes this, of staff in office."))
    for whom in {before, member_id} - {None} or {None}:
        entry = ledger.Entry(EventName.STAFF_LINKED, whom, page=cases.PAGE, reason=why)
        ledger.write(connection, actor, entry)


def colleagues(connection: Connection) -> tuple[tuple[UUID, str, bool], ...]:
    """Return the staff in office: id, number, and whether a membership of theirs is known."""
    known = staff.c.own_membership.is_not(None)
    rows = connection.execute(
        select(staff.c.staff_id, staff.c.staff_no, known)
        .where(staff.c.ended_at.is_(None))
        .order_by(staff.c.staff_no)
    )
    return tuple((row[0], row[1], row[2]) for row in rows)
