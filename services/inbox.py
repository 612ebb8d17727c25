"""What a member was told, to be read in the portal as well: for a year (`notify.KEPT`)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError
from sqlalchemy import delete, func, select, update

from db import places
from db.tables.member import STORES
from db.words import Store
from services import messages
from services.actor import Relation
from services.message_blocks import Block, blocks

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import Connection, Row

    from services.language import Language
    from services.subject import Subject

PAGE_ROWS = 20


@dataclass(frozen=True)
class Letter:
    """One message. `blocks` are empty when it can't be opened or filled any more."""

    message_id: UUID
    subject: str
    blocks: tuple[Block, ...]
    created_at: datetime
    unread: bool


@dataclass(frozen=True)
class Inbox:
    """One page of messages, the newest first, and how many there are in all."""

    letters: tuple[Letter, ...]
    count: int


def read(subject: Subject, page: int, language: Language, address: str) -> Inbox:
    """Return page `page` (from 1), and mark as read what is shown: at most three statements.

    A member or guardian marks; staff who look in a case leave it as it was.
    """
    table = subject.tables.inbox
    mine = table.c.member_id == subject.member_id
    rows = subject.connection.execute(
        select(table)
        .where(mine, table.c.ends_on >= subject.today)
        .order_by(table.c.created_at.desc(), table.c.message_id)
        .limit(PAGE_ROWS)
        .offset((max(page, 1) - 1) * PAGE_ROWS)
    ).all()
    many = select(func.count()).where(mine, table.c.ends_on >= subject.today)
    count = subject.connection.scalar(many) or 0
    fresh = [row.message_id for row in rows if row.read_at is None]
    if fresh and subject.relation is not Relation.STAFF:
        subject.connection.execute(
            update(table).where(mine, table.c.message_id.in_(fresh)).values(read_at=subject.at)
        )
    return Inbox(tuple(_letter(subject, row, language, address) for row in rows), count)


def _letter(subject: Subject, row: Row[Any], language: Language, address: str) -> Letter:
    known = row.template in messages.SUBJECTS
    return Letter(
        row.message_id,
        messages.subject(row.template, language) if known else "",
        _blocks(subject, row, language, address) if known else (),
        row.created_at,
        row.read_at is None,
    )


def _blocks(subject: Subject, row: Row[Any], language: Language, address: str) -> tuple[Block, ...]:
    """Return the message in the reader's language; () when its key or its form is gone."""
    opened = subject.open(row.sealed, places.inbox(row.message_id)) if row.sealed else "{}"
    if opened is None:
        return ()
    values: dict[str, object] = json.loads(opened) | {"nickname": "", "address": address}
    try:
        return blocks(messages.body(row.template, language, values), f"{address}/")
    except (TemplateError, ValueError, KeyError):  # a template that has changed since
        return ()


def end(connection: Connection, today: date) -> int:
    """Delete messages whose last day is over, as the worker; return how many."""
    return sum(
        connection.execute(
            delete(STORES[store].inbox).where(STORES[store].inbox.c.ends_on < today)
        ).rowcount
        for store in (Store.LIVE, Store.DORMANT)
    )
