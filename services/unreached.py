"""Whom no notice of dormancy reached: they stay awake, and the desk asks for an address (P10).

A notice that bounced, or that had no address to go to, carries no separation. Nothing more is done
by itself until the member uses a service, or has another address: then the portal writes again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from db.words import N_
from services import reference
from services.actor import AccessDenied, Permission, page_opens

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from services.actor import Actor
    from services.subject import Subject

PAGE_ROWS: Final = 20


@dataclass(frozen=True)
class Unreached:
    """One member, by the desk's own name for them; since when, and whether a mail came back."""

    name: str
    since: datetime
    bounced: bool


def count(connection: Connection) -> int:
    """Return how many members stay awake because no notice reached them."""
    return connection.scalar(select(func.ops.unreached_count())) or 0


def page(connection: Connection, actor: Actor, number: int = 1) -> tuple[Unreached, ...]:
    """Return page `number` (from 1) of them, the oldest first: one query.

    Raise `AccessDenied` for anybody but an officer.
    """
    if not page_opens(Permission.OFFICER_DESK, actor):
        raise AccessDenied(N_("This page is not open to you."))
    skip = (max(number, 1) - 1) * PAGE_ROWS
    function = func.ops.unreached_members(actor.person, skip, PAGE_ROWS)
    rows = connection.execute(select(function.table_valued("member_id", "at", "bounced")))
    return tuple(Unreached(reference.for_desk(who), at, bounced) for who, at, bounced in rows)


def since(subject: Subject) -> datetime | None:
    """Return since when no notice reaches this member; None when nothing is wrong."""
    found: datetime | None = subject.connection.scalar(
        select(func.ops.unreached_since(subject.member_id))
    )
    return found
