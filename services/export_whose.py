"""Whose a copy is: one's own, or that of two, the child and the guardian in whose case it was made.

Either of these lets go of it alone (`let_go_by`); it ends when nobody is left who may take it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, case, false, or_, select, update

from db.tables.exports import export
from db.tables.member import LIVE
from db.words import ActorKind, ExportState
from services import guarding, jobs, ledger
from services.actor import Relation
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date
    from uuid import UUID

    from sqlalchemy import ColumnElement

    from services.subject import Subject

_ENDED = {
    ExportState.CANCELLED: EventName.EXPORT_CANCELLED,
    ExportState.DESTROYED: EventName.EXPORT_DESTROYED,
}


def reader(subject: Subject) -> UUID:
    """Return by whom a copy is taken: the guardian who acts, or the member."""
    return subject.actor.person if subject.relation is Relation.GUARDIAN else subject.member_id


def of(member_id: UUID, who: UUID) -> ColumnElement[bool]:
    """Return what picks the copies of a member that are `who`'s, let go of or not."""
    by_guardian = export.c.actor_kind == ActorKind.GUARDIAN
    whose = ~by_guardian if who == member_id else guardians(who)
    return and_(export.c.member_id == member_id, whose)


def guardians(guardian: UUID) -> ColumnElement[bool]:
    """Return what picks the copies that this guardian asked for, by phone as well."""
    by_guardian = export.c.actor_kind == ActorKind.GUARDIAN
    return or_(and_(by_guardian, export.c.actor_id == guardian), export.c.guardian_id == guardian)


def held(who: UUID | ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return whether `who` has not let go of it."""
    return export.c.let_go_by.is_distinct_from(who)


def taken_by(subject: Subject) -> ColumnElement[bool]:
    """Return what picks the copies that the reader may take or give up."""
    who = reader(subject)
    return and_(of(subject.member_id, who), held(who))


def shared(who: UUID, today: date) -> ColumnElement[bool]:
    """Return whether somebody beside `who` may take it, as things stand."""
    child = and_(export.c.guardian_id == who, held(export.c.member_id))
    other = and_(
        export.c.guardian_id != who, held(export.c.guardian_id),
        guarded(export.c.guardian_id, today),
    )  # fmt: skip
    return case((export.c.guardian_id.is_(None), false()), else_=or_(child, other))


def guarded(guardian: ColumnElement[UUID], today: date) -> ColumnElement[bool]:
    """Return whether a guardian may act for this child, and nothing is disputed (clause 9)."""
    free = ~guarding.disputed(LIVE, export.c.member_id, today)
    return and_(guarding.guards(export.c.member_id, guardian, today), free)


def guardians_alone() -> ColumnElement[bool]:
    """Return whether it is for a guardian only: asked for by them, or let go of by the child."""
    called = and_(export.c.guardian_id.is_not(None), ~held(export.c.member_id))
    return or_(export.c.actor_kind == ActorKind.GUARDIAN, called)


def give_up(
    subject: Subject, states: Collection[ExportState], after: ExportState, which: UUID | None
) -> bool:
    """End the reader's copies (`which`: one of them) in these states; return whether any was there.

    Of one that somebody else may take the reader lets go alone. The ledger says which it was.
    """
    who = reader(subject)
    mine = (export.c.state.in_(states), *((export.c.export_id == which,) if which else ()))
    found = subject.connection.execute(
        select(export.c.export_id, shared(who, subject.today).label("shared"))
        .where(taken_by(subject), *mine)
        .with_for_update()  # of two who let go at once, the second ends it
    ).all()
    for row in found:
        values = {"let_go_by": who} if row.shared else {"state": after}
        one = (export.c.member_id == subject.member_id, export.c.export_id == row.export_id)
        subject.connection.execute(update(export).where(*one).values(values))
        name = EventName.EXPORT_LET_GO if row.shared else _ENDED[after]
        entry = ledger.Entry(name, subject.member_id, subject.purpose, "/export")
        ledger.write(subject.connection, subject.actor, entry)
    if after is ExportState.DESTROYED and not all(row.shared for row in found):
        jobs.defer(subject.connection, jobs.END_EXPORTS)
    return bool(found)
