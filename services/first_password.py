"""A child with an address of its own gets a link there to set its first password (clause 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from db.settings import settings
from db.tables.ops import credential
from services import jobs

if TYPE_CHECKING:
    from services.subject import Subject


def has_password(subject: Subject) -> bool:
    """Return whether the member can sign in by a password of their own: one query."""
    own = select(credential.c.set_at).where(credential.c.member_id == subject.member_id)
    return subject.connection.scalar(own) is not None


def invite(subject: Subject) -> None:
    """Send a link to set the first password to an address that has just been confirmed.

    Only to who is or was a child here: others have signed in before.
    """
    if settings().member_metadata_url:
        return  # their provider knows them by the address that was just confirmed
    if not has_password(subject) and _was_child(subject):
        jobs.defer(
            subject.connection, jobs.RECOVER, people=[str(subject.member_id)], base=None,
            use="first", language=subject.actor.language,
        )  # fmt: skip


def _was_child(subject: Subject) -> bool:
    link = subject.tables.guardianship.c
    links = select(func.count()).where(link.member_id == subject.member_id)
    return bool(subject.connection.scalar(links))
