"""A new e-mail address counts once its link was followed; until then the old one is disputed.

The link proves who reads the new mailbox. It works in any browser, signed out, and looking at it
does nothing: mail programs look at links.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from sqlalchemy import select, update

from db.errors import PortalError
from db.sealing import digest
from db.tables.ops import one_time
from db.words import N_, ActorKind, Purpose
from services import access, first_password, held_values, notify, waiting_values
from services.actor import Actor, Permission
from services.holding_back import held_back
from services.house import house
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection

    from services.language import Language
    from services.subject import Subject

LASTS: Final = timedelta(hours=24)
OVER: Final = N_("This link has been used or is too old. Please ask for a new one.")
_ITEM: Final = "email"
_LOOK = access.Look(
    EventName.CORRECTION_VIEWED, Permission.PROFILE_CORRECT, "/confirm-email", (_ITEM,), folds=False
)


class LinkOver(PortalError):  # noqa: N818 (the person asks for another)
    """The link was used, replaced by a newer one, or is older than `LASTS`."""


def ask(subject: Subject, value: str, before: str | None) -> None:
    """Send a link to the new address and word to the old one; the new one waits until then.

    Raise as `waiting_values.keep`.
    """
    token = secrets.token_urlsafe(32)
    waiting_values.keep(
        subject, waiting_values.New(_ITEM, value, digest(token), subject.at + LASTS, 1)
    )
    fact = uuid4()
    notify.notify(subject, "email_link", {"token": token}, key=f"email_link:{fact}", to=value)
    if before:
        notify.notify(subject, "email_asked", key=f"email_asked:{fact}", to=before)


def waiting(connection: Connection, token: str, now: datetime) -> UUID:
    """Return whose link this is, without using it. Raise `LinkOver`."""
    found = select(one_time.c.member_id).where(_good(token, now))
    member_id: UUID | None = connection.scalar(found)
    if member_id is None:
        raise _over()
    return member_id


def confirm(token: str, language: Language, now: datetime) -> None:
    """Let the new address count and tell the old one. Raise `LinkOver`, or `HeldBack`.

    The first address of a child's own is sent a link to set a password by. What a guardian asked
    for is forgotten when they may not act for the child any more, since a minute or since 14.
    """
    with house().databases.look[0].connect() as connection:
        member_id = waiting(connection, token, now)
    # Who has the link was asked for it after a verification; there is no session here to name.
    actor = Actor(ActorKind.SELF, member_id, uuid4(), now, language=language)
    with access.open(actor, member_id, Purpose.CORRECT, look=_LOOK) as subject:
        held_back(subject)
        # Of two who follow it at once the second finds it used.
        used = update(one_time).where(_good(token, now)).values(used_at=now)
        if not subject.connection.execute(used).rowcount:
            raise _over()
        counts = waiting_values.asker_may(subject, _ITEM)
        value = waiting_values.take(subject, _ITEM)
        if counts:
            _put(subject, value)
        waiting_values.settle(subject, _ITEM)
    if not counts:  # after the commit, which forgets it
        raise _over()


def _put(subject: Subject, value: str | None) -> None:
    if value is None:
        raise _over()
    before = held_values.text_of(subject, _ITEM, 0)
    held_values.put(subject, _ITEM, 0, value)
    if before is None:
        first_password.invite(subject)
    fact = uuid4()
    notify.notify(subject, "email_changed", key=f"email_changed:{fact}")
    if before:
        notify.notify(subject, "email_changed", key=f"email_replaced:{fact}", to=before)


def _good(token: str, now: datetime) -> ColumnElement[bool]:
    return (
        (one_time.c.digest == digest(token))
        & (one_time.c.use == waiting_values.USES[_ITEM])
        & one_time.c.used_at.is_(None)
        & (one_time.c.expires_at > now)
    )


def _over() -> LinkOver:
    return LinkOver(OVER)
