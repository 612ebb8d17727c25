"""Tells a member something: once by mail or text message, and in the portal's own inbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from db import places
from db.clock import seoul_day
from db.period import Period
from db.tables.member import LIVE
from services import messages, outbox
from services.outbox import Message
from services.relations import as_subject

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from db.sealing import Sealer
    from db.tables.member import MemberTables
    from services.outbox import Way
    from services.subject import Subject

KEPT = Period(years=1)
"""How long the inbox keeps a message: until the next yearly notice has surely come (PIPA art.
20-2). Our own choice, since the policy of 2021 names no such messages."""


def notify(
    subject: Subject,
    template: str,
    params: dict[str, str] | None = None,
    *,
    key: str,
    way: Way = "email",
    to: str | None = None,
) -> bool:
    """Tell the member what `template` says, in the caller's transaction; return whether it is new.

    `key` names the fact that is told ("corrected:<request id>"), never a value: what is told twice
    with one key goes out once. `to` is another e-mail address than the member's own, for a mail
    about an address that is disputed or replaced. The language is the screen's
    (`Actor.language`). Raise `NoKeyError` for `params` when the member's key is missing.
    """
    message = Message(template, way, subject.actor.language, params or {}, key, to)
    return write(
        subject.connection, subject.tables, (subject.member_id, subject.sealer), message, subject.at
    )


def write(
    data: Connection,
    tables: MemberTables,
    member: tuple[UUID, Sealer | None],
    message: Message,
    now: datetime,
) -> bool:
    """As `notify`, for the worker, who has no `Subject`; `member` is the id and what seals."""
    member_id, sealer = member
    new = outbox.enqueue_once(data, sealer, member_id, message, now)
    if new is None:
        return False
    if message.template not in messages.SECRET:
        data.execute(
            insert(tables.inbox).values(
                member_id=member_id,
                message_id=new,
                template=message.template,
                sealed=_sealed(sealer, new, _of_inbox(message)),
                created_at=now,
                ends_on=KEPT.ends_on(seoul_day(now)),
            )
        )
    return True


def _of_inbox(message: Message) -> dict[str, str]:
    """Return what fills the inbox's copy: no child's name, which would outlive the child's own."""
    return message.params if message.ward is None else message.params | {outbox.WARD: ""}


def _sealed(sealer: Sealer | None, message_id: UUID, params: dict[str, str]) -> bytes | None:
    if sealer is None or not params:
        return None
    return sealer.seal(json.dumps(params, ensure_ascii=False).encode(), places.inbox(message_id))


def from_desk(data: Connection, member_id: UUID, message: Message, now: datetime) -> bool:
    """As `notify`, of something that staff did; a message without params, which needs no key.

    Whoever sleeps or has left has no inbox here, and is written to all the same.
    """
    as_subject(data, member_id)
    own = LIVE.member.c.member_id
    if data.scalar(select(own).where(own == member_id)) is None:
        return outbox.enqueue_once(data, None, member_id, message, now) is not None
    return write(data, LIVE, (member_id, None), message, now)
