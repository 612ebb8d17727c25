"""Names a guardian's child in an address without its id, for one session alone."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sqlalchemy import select

from db.tables.member import LIVE
from services.house import house
from services.relations import as_subject

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from services.actor import Actor


def token(actor: Actor, child: UUID) -> str:
    """Return what stands for the child in this session's addresses; another session's differs."""
    return house().keyring.blind("child_link", f"{actor.session_id}:{child}").hex()


def child_of(connection: Connection, actor: Actor, given: str) -> UUID | None:
    """Return the actor's child that `given` stands for; None for what this session never gave.

    Whether the guardian may still look is decided where the data is opened.
    """
    as_subject(connection, actor.person)
    link = LIVE.guardianship
    children = connection.scalars(
        select(link.c.member_id).where(link.c.guardian_id == actor.person)
    )
    same = (c for c in children if secrets.compare_digest(token(actor, c), given))
    return next(same, None)
