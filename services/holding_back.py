"""What can't be undone waits while it is disputed who acts for a child (clause 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from db.errors import PortalError
from db.tables.member import LIVE
from db.words import N_
from services import guarding
from services.actor import Relation

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Connection

    from services.subject import Subject

LOOKED_AT: Final = N_(
    "Somebody told us that something is wrong with who acts for this child. Until we have decided, "
    "this waits."
)


class HeldBack(PortalError):  # noqa: N818 (the sentence says until when)
    """What can't be undone waits until a dispute is decided."""


def held_back(subject: Subject, *, guardians_only: bool = False) -> None:
    """Raise `HeldBack` while a dispute is open, before what can't be undone.

    `guardians_only`: what the child may go on doing itself.
    """
    if subject.relation is Relation.GUARDIAN or subject.hides_place:
        waits = subject.hides_place
    else:
        waits = not guardians_only and disputed(subject)
    if waits:
        raise HeldBack(LOOKED_AT)


def disputed(subject: Subject) -> bool:
    """Return whether a dispute about the member is open: one query."""
    found = select(guarding.disputed(subject.tables, subject.member_id, subject.today))
    return bool(subject.connection.scalar(found))


def is_open(connection: Connection, member_id: UUID, today: date) -> bool:
    """As `disputed`, of an active member, for the worker."""
    return bool(connection.scalar(select(guarding.disputed(LIVE, member_id, today))))
