"""How an actor stands to a member: themselves, a guardian, staff in a case, or nobody (clause 9).

`access.open` asks; what is told here opens nothing by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, or_, select, text

from db.clock import seoul_day
from db.tables.cases import case as cases
from db.tables.cases import case_step as steps
from db.tables.member import LIVE
from db.tables.ops import staff
from db.words import N_, ActorKind, Caller, StepState
from services import guardian_calls, guarding, staff_standing
from services.actor import Actor, Permission, Relation, role_allows
from services.staff_standing import Facts, lacking

OWN = N_("This is about you, your child or your guardian: somebody else decides it.")
_NOBODY = UUID(int=0)
"""Whose case it is where a guardian called and it has not been said which."""
_SUBJECT = text("select set_config('portal.subject', :member, true)")


@dataclass(frozen=True)
class Found:
    """How an actor stands to a member; `disputed`: a guardian while a dispute is open.

    `for_guardian`: whose case it is that staff act in, where it is a guardian's.
    """

    relation: Relation
    disputed: bool = False
    for_guardian: UUID | None = None


def as_subject(connection: Connection, member_id: UUID) -> None:
    """Tell the database whose rows this transaction may see (row-level security)."""
    connection.execute(_SUBJECT, {"member": str(member_id)})


def _guards(connection: Connection, actor: Actor, member_id: UUID) -> Found | None:
    """Return what a guardian of this child is, who is under 14 today (clause 9); None for others.

    While a dispute is open a guardian does not see where the child is: asked in the same query.
    """
    today = seoul_day(actor.at)
    row = connection.execute(
        select(
            guarding.guards(member_id, actor.person, today).label("guards"),
            guarding.disputed(LIVE, member_id, today).label("disputed"),
        )
    ).one()
    return Found(Relation.GUARDIAN, disputed=row.disputed) if row.guards else None


def _in_hand(actor: Actor, case_id: UUID, needed: str) -> tuple[ColumnElement[bool], ...]:
    """Return what holds of a case of one's own that is open and gives this right now."""
    return (
        cases.c.case_id == case_id,
        cases.c.staff_id == actor.person,
        cases.c.closed_at.is_(None),
        cases.c.suspended_at.is_(None),
        cases.c.opened_at <= actor.at,
        cases.c.granted_until > actor.at,
        cases.c.permissions.contains([needed]),
    )


def _writes(connection: Connection, actor: Actor, case_id: UUID, guardian: UUID) -> Found | None:
    """Return what staff are to the guardian who calls in their own open case; None for others.

    The answer goes to this guardian, once verified, while they may act for the child (P29, P31).
    """
    row = connection.execute(
        select(cases.c.member_id, *staff_standing.COLUMNS)
        .join_from(cases, staff)
        .where(
            *_in_hand(actor, case_id, Permission.CASE_HANDLE),
            cases.c.guardian_id == guardian,
            cases.c.verified_at.is_not(None),
            func.ops.helps(actor.person, guardian),
            func.ops.helps(actor.person, cases.c.member_id),
        )
    ).one_or_none()
    today = seoul_day(actor.at)
    if row is None or lacking(Facts(*row[1:]), today):
        return None
    as_subject(connection, row.member_id)  # the child's rows say who acts for it
    acts = guardian_calls.acts(connection, row.member_id, guardian, today)
    as_subject(connection, guardian)
    return Found(Relation.STAFF) if acts else None


def _in_case(
    connection: Connection, actor: Actor, case_id: UUID, member_id: UUID, needed: str
) -> Found | None:
    """Return what staff are in their own open case about this member, with the right; else None.

    In the case of a guardian they may no more than this guardian may, and see no more: while they
    may not act, the case is only handled. The staff's standing is read anew: what ended a moment
    ago has ended for a running session, too. So has a case whose staff turned out to be the member,
    or the member's child or guardian.
    """
    row = connection.execute(
        select(cases.c.caller, cases.c.guardian_id, *staff_standing.COLUMNS)
        .join_from(cases, staff)
        .where(
            *_in_hand(actor, case_id, needed),
            cases.c.member_id == member_id,
            func.ops.helps(actor.person, member_id),
        )
    ).one_or_none()
    if row is None or lacking(Facts(*row[2:]), seoul_day(actor.at)):
        return None
    if row.caller != Caller.GUARDIAN:
        return Found(Relation.STAFF)
    today = seoul_day(actor.at)
    acts = guardian_calls.acts(connection, member_id, row.guardian_id, today)
    if not acts and needed != Permission.CASE_HANDLE:
        return None
    waits = connection.scalar(select(guarding.disputed(LIVE, member_id, today)))
    # Who may not act learns nothing of where the child is, not by a letter either.
    return Found(
        Relation.STAFF, disputed=bool(waits) or not acts, for_guardian=row.guardian_id or _NOBODY
    )


def helps(connection: Connection, actor: Actor, member_id: UUID) -> bool:
    """Return whether this one of the staff may: not about oneself, nor one's child or guardian.

    Their standing is read anew, as in a case.
    """
    row = connection.execute(
        select(func.ops.helps(actor.person, member_id), *staff_standing.COLUMNS).where(
            staff.c.staff_id == actor.person
        )
    ).one_or_none()
    if row is None or not row[0]:
        return False
    return not lacking(Facts(*row[1:]), seoul_day(actor.at))


def _second(connection: Connection, actor: Actor, case_id: UUID | None, member_id: UUID) -> bool:
    """Return whether something waits in another's open case for a second one of the staff."""
    waits = (
        steps.c.case_id == case_id,
        steps.c.member_id == member_id,
        steps.c.asked_by != actor.person,
        or_(
            (steps.c.state == StepState.WAITING) & (steps.c.expires_at > actor.at),
            # A new sign-in whose stated wait is over: as whoever approved it.
            (steps.c.state == StepState.RUNNING) & (steps.c.waits_until <= actor.at),
        ),
        cases.c.closed_at.is_(None),
        cases.c.suspended_at.is_(None),
        cases.c.grant_ended.is_(None),
    )
    whose = (cases.c.caller, cases.c.member_id, cases.c.guardian_id)
    row = connection.execute(select(*whose).select_from(steps.join(cases)).where(*waits)).first()
    if row is None or not helps(connection, actor, member_id):
        return False
    # What a guardian asked for is done for them alone: the child may be 14 since, or they may not
    # act any more (clause 9).
    return guardian_calls.asks_still(connection, row, actor.at)


def _of_staff(
    connection: Connection,
    actor: Actor,
    member_id: UUID,
    case_id: UUID | None,
    permission: Permission,
) -> Found | None:
    if permission is Permission.MEMBER_FIND:
        return Found(Relation.STAFF) if helps(connection, actor, member_id) else None
    if permission is Permission.CASE_APPROVE:
        second = _second(connection, actor, case_id, member_id)
        return Found(Relation.STAFF) if second else None
    if case_id is None:
        return None
    if permission is Permission.CALLER_WRITE:
        return _writes(connection, actor, case_id, member_id)
    return _in_case(connection, actor, case_id, member_id, permission)


def between(
    connection: Connection,
    actor: Actor,
    member_id: UUID,
    case_id: UUID | None,
    permission: Permission,
) -> Found | None:
    """Return how this actor stands to a member, in a case where one is named; None: not at all."""
    if actor.kind is ActorKind.STAFF:
        may = role_allows(permission, actor)
        return _of_staff(connection, actor, member_id, case_id, permission) if may else None
    if actor.person == member_id:
        return Found(Relation.SELF)
    return _guards(connection, actor, member_id)
