"""The only way to a member's data.

`open()` decides whether this actor may, tells the database whose rows may be seen, writes the
ledger event in the same transaction, and gives a `Subject`. A denial is written in a transaction
of its own, since a rollback would erase it.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from psycopg.errors import ForeignKeyViolation
from sqlalchemy import ColumnElement, Connection, Uuid, bindparam, func, or_, select, text
from sqlalchemy.exc import IntegrityError

from db.clock import seoul_day
from db.errors import PortalError
from db.prepared import Prepared
from db.sealing import Sealer, SealError
from db.tables.cases import case as cases
from db.tables.cases import case_step as steps
from db.tables.member import LIVE
from db.tables.ops import staff
from db.words import N_, ActorKind, Caller, Purpose, StepState, Store
from services import guardian_calls, guarding, ledger, staff_standing
from services.actor import (
    PERMISSIONS,
    AccessDenied,
    Actor,
    Permission,
    Relation,
    WardLost,
    role_allows,
)
from services.house import house
from services.staff_standing import Facts, lacking
from services.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY = Prepared(select(func.keys.live_key(bindparam("member", type_=Uuid))))
OWN = N_("This is about you, your child or your guardian: somebody else decides it.")
_NOBODY = UUID(int=0)
"""Whose case it is where a guardian called and it has not been said which."""
_SUBJECT = text("select set_config('portal.subject', :member, true)")


class Moved(PortalError):  # noqa: N818 (the sentence says what to do)
    """The member left, or went to sleep, between being opened and being written about."""


@dataclass(frozen=True)
class Found:
    """How an actor stands to a member; `disputed`: a guardian while a dispute is open.

    `for_guardian`: whose case it is that staff act in, where it is a guardian's.
    """

    relation: Relation
    disputed: bool = False
    for_guardian: UUID | None = None


@dataclass(frozen=True)
class Look:
    """What the ledger will say about one opening."""

    event: ledger.EventName
    permission: Permission = Permission.PROFILE_READ
    page: str | None = None
    items: tuple[str, ...] = ()
    folds: bool = True
    reason: str | None = None
    """Why, in a word of ours: staff say it before they see a value in full."""


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


def _relation(
    connection: Connection,
    actor: Actor,
    member_id: UUID,
    case_id: UUID | None,
    permission: Permission,
) -> Found | None:
    if actor.kind is ActorKind.STAFF:
        may = role_allows(permission, actor)
        return _of_staff(connection, actor, member_id, case_id, permission) if may else None
    if actor.person == member_id:
        return Found(Relation.SELF)
    return _guards(connection, actor, member_id)


def _sealer(member_id: UUID) -> Sealer | None:
    """Return what opens the member's values; None when their key is missing or another store's."""
    with house().databases.look[1].connect() as connection:
        ((wrapped,),) = _KEY.rows(connection, {"member": member_id})
    if wrapped is None:
        return None
    try:
        return house().keyring.sealer(Store.LIVE, member_id, wrapped)
    except SealError:
        return None


def own_sealer(actor: Actor) -> Sealer | None:
    """Return what seals with the key of the person who is signed in, whomever they act for."""
    return _sealer(actor.person)


def _as_seen(actor: Actor, relation: Relation) -> Actor:
    """Return the actor as the ledger names them: a guardian is a member acting for a child."""
    if relation is not Relation.GUARDIAN:
        return actor
    return replace(actor, kind=ActorKind.GUARDIAN)


def _allowed(found: Found | None, permission: Permission, actor: Actor, member_id: UUID) -> Found:
    if found is None and actor.acting_for == member_id and actor.grant is None:
        raise WardLost(
            N_("You can't act for this child any more: the link has ended, is suspended, or the "
               "child is 14 by now. Nothing was changed.")
        )  # fmt: skip
    if found is None or found.relation not in PERMISSIONS[permission]:
        raise AccessDenied(N_("This page is not open to you."))
    return found


def deny(actor: Actor, member_id: UUID, purpose: Purpose, look: Look, case_id: UUID | None) -> None:
    """Write a denial in a transaction of its own."""
    with house().databases.data.begin() as connection:
        ledger.write(
            connection,
            actor,
            ledger.Entry(look.event, member_id, purpose, look.page, look.items, case_id,
                         allowed=False, reason="no_relation"),
        )  # fmt: skip


def _moved(error: IntegrityError) -> Exception:
    """Return what to raise: a row about nobody means that its member has just been moved."""
    name = error.orig.diag.constraint_name if isinstance(error.orig, ForeignKeyViolation) else ""
    if not (name or "").endswith("_member_id_member"):
        return error
    return Moved(N_("This account has just left or gone to sleep. Nothing was changed."))


@contextmanager
def open(  # noqa: A001 (the design's name: access.open)
    actor: Actor, member_id: UUID, purpose: Purpose, case: UUID | None = None, *, look: Look
) -> Iterator[Subject]:
    """Open a member's data for one transaction.

    Raise `AccessDenied` when the actor is neither the member, nor a guardian of this child under
    14, nor staff inside an open case with this right (clause 9; P25). The transaction commits when
    the block ends, the ledger event with it; then follows what `Subject.afterwards` holds.
    """
    if case is None and actor.grant is not None and member_id == actor.acting_for:
        case = actor.grant.case_id
    try:
        with house().databases.data.begin() as connection:
            own = actor.kind is not ActorKind.STAFF and actor.person == member_id
            if not own:
                # What decides about others is itself among the rows of this member.
                as_subject(connection, member_id)
            found = _allowed(
                _relation(connection, actor, member_id, case, look.permission),
                look.permission, actor, member_id,
            )  # fmt: skip
            relation = found.relation
            seen = _as_seen(actor, relation)
            folded = look.folds and relation is Relation.SELF
            ledger.write(
                connection,
                seen,
                ledger.Entry(look.event, member_id, purpose, look.page, look.items, case,
                             reason=look.reason, folded=folded),
                opening=member_id if own else None,
            )  # fmt: skip
            subject = Subject(
                member_id, seen, relation, purpose, LIVE, connection,
                partial(_sealer, member_id), case,
                relation is Relation.STAFF and look.permission is not Permission.CASE_APPROVE,
                found.disputed, found.for_guardian,
            )  # fmt: skip
            yield subject
    except AccessDenied:
        deny(actor, member_id, purpose, look, case)
        raise
    except IntegrityError as error:
        raise _moved(error) from None
    for follow in subject.afterwards:
        follow()


@contextmanager
def beside(subject: Subject, child: UUID, purpose: Purpose, *, look: Look) -> Iterator[Subject]:
    """Open the data of a child in the transaction of its guardian's own, for as long as the block.

    Raise `AccessDenied` as `open` does; then the whole transaction ends. Both commit together.
    """
    connection, actor = subject.connection, subject.actor
    as_subject(connection, child)
    asked = _relation(connection, actor, child, None, look.permission)
    try:
        found = _allowed(asked, look.permission, actor, child)
    except AccessDenied:
        deny(actor, child, purpose, look, None)
        raise
    seen = _as_seen(actor, found.relation)
    ledger.write(connection, seen, ledger.Entry(look.event, child, purpose, look.page, look.items))
    yield Subject(
        child, seen, found.relation, purpose, LIVE, connection, partial(_sealer, child),
        hides_place=found.disputed, afterwards=subject.afterwards,
    )  # fmt: skip
    as_subject(connection, subject.member_id)
