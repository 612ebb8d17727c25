"""A new e-mail address counts once its link was followed; until then the old one is disputed.

The link proves who reads the new mailbox. It works in any browser, signed out, and looking at it
does nothing: mail programs look at links.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from sqlalchemy import and_, delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from db import places
from db.clock import seoul_day
from db.errors import PortalError
from db.sealing import digest
from db.tables.member import LIVE
from db.tables.ops import one_time
from db.words import N_, ActorKind, Noted, Purpose, RestrictionWhy
from services import (
    access,
    first_password,
    guardian_calls,
    guarding,
    held_values,
    journal,
    ledger,
    notify,
    restriction_rows,
)
from services.actor import Actor, Permission, Relation
from services.holding_back import held_back
from services.house import house
from services.ledger import EventName
from services.outbox import NoKeyError

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection, Table
    from sqlalchemy.sql.base import ReadOnlyColumnCollection

    from services.language import Language
    from services.subject import Subject

    Columns = ReadOnlyColumnCollection[str, Any]

LASTS: Final = timedelta(hours=24)
USE: Final = "confirm_email"
OVER: Final = N_("This link has been used or is too old. Please ask for a new one.")
_ITEM: Final = "email"
_LOOK = access.Look(
    EventName.CORRECTION_VIEWED, Permission.PROFILE_CORRECT, "/confirm-email", (_ITEM,), folds=False
)


class LinkOver(PortalError):  # noqa: N818 (the person asks for another)
    """The link was used, replaced by a newer one, or is older than `LASTS`."""


def ask(subject: Subject, value: str, before: str | None) -> None:
    """Send a link to the new address and word to the old one; the new one waits until then.

    A second wish replaces the first, whose link no longer works. Raise `NoKeyError` when the
    member's key is missing, or `HeldBack` for a guardian, by any way, while a dispute is open.
    """
    if subject.sealer is None:
        raise NoKeyError
    asker = _asker(subject)
    token, ends = secrets.token_urlsafe(32), subject.at + LASTS
    _forget_links(subject)
    link = {
        "digest": digest(token), "member_id": subject.member_id, "use": USE, "channel": USE,
        "expires_at": ends, "tries_left": 1,
    }  # fmt: skip
    subject.connection.execute(insert(one_time).values(link))
    table = subject.tables.pending_value
    row = {
        "member_id": subject.member_id,
        "item": _ITEM,
        "sealed": subject.sealer.seal(value.encode(), places.pending(_ITEM)),
        "asked_at": subject.at,
        "expires_at": ends,
        "asked_by": asker,
    }
    upsert = insert(table).values(row)
    subject.connection.execute(
        upsert.on_conflict_do_update(index_elements=["member_id", "item"], set_=row)
    )
    journal.note(
        subject.connection, Noted.REQUESTED, subject.member_id, subject.at,
        rows=[(table, row), (one_time, link)],
    )  # fmt: skip
    _dispute(subject)
    fact = uuid4()
    notify.notify(subject, "email_link", {"token": token}, key=f"email_link:{fact}", to=value)
    if before:
        notify.notify(subject, "email_asked", key=f"email_asked:{fact}", to=before)
    _tell(subject, EventName.CONFIRMATION_ASKED)


def _asker(subject: Subject) -> UUID | None:
    """Return the member or the guardian who asks; None when nobody may act in a guardian's case."""
    held_back(subject, guardians_only=True)
    if subject.relation is not Relation.STAFF:
        return subject.actor.person
    if not guardian_calls.by_guardian(subject):
        return subject.member_id
    held_back(subject)
    return guardian_calls.guardian_of(subject)


def take_back(subject: Subject) -> None:
    """Forget the new address at the member's wish: the one that is held counts again."""
    subject.actor.require_verification()
    if forget(subject):
        _tell(subject, EventName.REQUEST_TAKEN_BACK)


def forget(subject: Subject) -> bool:
    """Forget the new address and its link; return whether there was one."""
    _forget_links(subject)
    found = _forget_value(subject) is not None
    _settle(subject)
    return found


def forget_guardians(subject: Subject, guardian: UUID | None = None) -> None:
    """Forget the new address if a guardian (or this one) asked for it; the child's own waits on."""
    table = subject.tables.pending_value.c
    mine = (table.member_id == subject.member_id, table.item == _ITEM)
    asked = subject.connection.execute(select(table.asked_by).where(*mine)).one_or_none()
    if asked is None or asked.asked_by == subject.member_id:
        return
    if guardian is None or asked.asked_by in {guardian, None}:
        forget(subject)


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
        counts = _asker_may(subject)
        value = _forget_value(subject)
        if counts:
            _put(subject, value)
        _settle(subject)
    if not counts:  # after the commit, which forgets it
        raise _over()


def _asker_may(subject: Subject) -> bool:
    """Return whether who asked for the address still might: the member, or a guardian who acts."""
    table = subject.tables.pending_value.c
    mine = (table.member_id == subject.member_id, table.item == _ITEM)
    asker = subject.connection.scalar(select(table.asked_by).where(*mine))
    if asker is None or asker == subject.member_id:
        return asker is not None
    guards = guarding.guards(subject.member_id, asker, subject.today)
    return bool(subject.connection.scalar(select(guards)))


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


def expire(connection: Connection, now: datetime) -> int:
    """Forget new addresses whose link ran out, as the worker; return how many: two statements.

    So are those that a guardian asked for, once the child is 14.
    """
    pending, restricted, member = LIVE.pending_value, LIVE.restriction, LIVE.member.c
    child = exists().where(
        member.member_id == pending.c.member_id, member.turns_14_on > seoul_day(now)
    )
    over = (pending.c.expires_at <= now) | ((pending.c.asked_by != pending.c.member_id) & ~child)
    gone = connection.scalars(delete(pending).where(over).returning(pending.c.member_id)).all()
    still = exists().where(
        pending.c.member_id == restricted.c.member_id, pending.c.item == restricted.c.item
    )
    connection.execute(update(restricted).where(_ours(restricted.c), ~still).values(ended_at=now))
    return len(gone)


def _good(token: str, now: datetime) -> ColumnElement[bool]:
    return (
        (one_time.c.digest == digest(token))
        & (one_time.c.use == USE)
        & one_time.c.used_at.is_(None)
        & (one_time.c.expires_at > now)
    )


def _over() -> LinkOver:
    return LinkOver(OVER)


def _forget_links(subject: Subject) -> None:
    mine = (one_time.c.member_id == subject.member_id) & (one_time.c.use == USE)
    gone = subject.connection.execute(delete(one_time).where(mine))
    if gone.rowcount:
        _note_gone(subject, one_time, {"member_id": subject.member_id, "use": USE})


def _note_gone(subject: Subject, table: Table, which: dict[str, Any]) -> None:
    """Note rows that went: a link of then must not let another address count after a restore."""
    journal.note(
        subject.connection, Noted.REQUESTED, subject.member_id, subject.at, gone=[(table, which)]
    )


def _forget_value(subject: Subject) -> str | None:
    """Remove the address that waits and return it; None when there is none that can be opened."""
    table = subject.tables.pending_value
    mine = {"member_id": subject.member_id, "item": _ITEM}
    sealed = subject.connection.scalar(delete(table).filter_by(**mine).returning(table.c.sealed))
    if sealed is not None:
        _note_gone(subject, table, mine)
    return subject.open(sealed, places.pending(_ITEM))


def _dispute(subject: Subject) -> None:
    """Let the old address be used for nothing while it is disputed (P32); once is enough."""
    table = subject.tables.restriction
    mine = (table.c.member_id == subject.member_id) & _ours(table.c)
    if not subject.connection.scalar(select(exists().where(mine))):
        scope = (_ITEM, None, subject.at)
        restriction_rows.begin(subject, RestrictionWhy.DISPUTED, None, [scope])


def _settle(subject: Subject) -> None:
    table = subject.tables.restriction
    ended = subject.connection.execute(
        update(table)
        .where(table.c.member_id == subject.member_id, _ours(table.c))
        .values(ended_at=subject.at)
        .returning(table)
    )
    restriction_rows.note(subject, ended.mappings())


def _ours(column: Columns) -> ColumnElement[bool]:
    """Return whether a restriction is one of these: no request stands behind it."""
    return and_(
        column.item == _ITEM,
        column.why == RestrictionWhy.DISPUTED,
        column.request_id.is_(None),
        column.ended_at.is_(None),
    )


def _tell(subject: Subject, name: EventName) -> None:
    entry = ledger.Entry(name, subject.member_id, Purpose.CORRECT, None, (_ITEM,), subject.case_id)
    ledger.write(subject.connection, subject.actor, entry)
