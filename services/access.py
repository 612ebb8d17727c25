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

from psycopg.errors import ForeignKeyViolation
from sqlalchemy import Uuid, bindparam, func, select
from sqlalchemy.exc import IntegrityError

from db.errors import PortalError
from db.prepared import Prepared
from db.sealing import Sealer, SealError
from db.tables.member import LIVE
from db.words import N_, ActorKind, Purpose, Store
from services import ledger
from services.actor import (
    PERMISSIONS,
    AccessDenied,
    Actor,
    Permission,
    Relation,
    WardLost,
)
from services.house import house
from services.relations import Found, as_subject, between
from services.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

_KEY = Prepared(select(func.keys.live_key(bindparam("member", type_=Uuid))))


class Moved(PortalError):  # noqa: N818 (the sentence says what to do)
    """The member left, or went to sleep, between being opened and being written about."""


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
                between(connection, actor, member_id, case, look.permission),
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
    asked = between(connection, actor, child, None, look.permission)
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
