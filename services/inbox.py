"""What a member was told, to be read in the portal as well: for a year (`notify.KEPT`)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import TemplateError
from sqlalchemy import Date, Integer, Uuid, bindparam, delete, func, select, update

from db import places
from db.tables.member import STORES
from db.words import Store
from services import messages
from services.actor import Relation
from services.gathering import Gathered, ordered
from services.message_blocks import Block, blocks
from services.outbox import WARD

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from services.gathering import Row
    from services.language import Language
    from services.subject import Subject
    from services.whose import Whose

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
    """Return page `page` (from 1), and mark as read what is shown: one statement, two if any is.

    A member or guardian marks; staff who look in a case leave it as it was.
    """
    found = _asked(subject.tables.store).ask(
        subject.connection,
        member=subject.member_id,
        today=subject.today,
        skip=(max(page, 1) - 1) * PAGE_ROWS,
    )
    rows, table = found["letters"], subject.tables.inbox
    fresh = [row["message_id"] for row in rows if row["read_at"] is None]
    if fresh and subject.relation is not Relation.STAFF:
        shown = (table.c.member_id == subject.member_id) & table.c.message_id.in_(fresh)
        subject.connection.execute(update(table).where(shown).values(read_at=subject.at))
    letters = tuple(_letter(subject, row, language, address) for row in rows)
    return Inbox(letters, found["count"][0]["count"])


@cache
def _asked(store: Store) -> Gathered:
    table = STORES[store].inbox
    kept = (table.c.member_id == bindparam("member", type_=Uuid)) & (
        table.c.ends_on >= bindparam("today", type_=Date)
    )
    page = (
        select(table)
        .where(kept)
        .order_by(table.c.created_at.desc(), table.c.message_id)
        .limit(PAGE_ROWS)
        .offset(bindparam("skip", type_=Integer))
        .subquery("page")
    )
    return Gathered(
        letters=ordered(select(page), page.c.created_at.desc(), page.c.message_id),
        count=select(func.count().label("count")).where(kept),
    )


def _letter(subject: Subject, row: Row, language: Language, address: str) -> Letter:
    known = row["template"] in messages.SUBJECTS
    return Letter(
        row["message_id"],
        messages.subject(row["template"], language) if known else "",
        blocks_of(subject, row, language, address) if known else (),
        row["created_at"],
        row["read_at"] is None,
    )


def blocks_of(subject: Whose, row: Row, language: Language, address: str) -> tuple[Block, ...]:
    """Return the message in the reader's language; () when its key or its form is gone."""
    sealed, place = row["sealed"], places.inbox(row["message_id"])
    opened = subject.open(sealed, place) if sealed else "{}"
    if opened is None:
        return ()
    values: dict[str, object] = json.loads(opened) | {"nickname": "", "address": address}
    ward = values.pop(WARD, None)
    of_child = messages.about(language, str(ward)) if ward is not None else ""
    try:
        body = messages.body(row["template"], language, values)
        return blocks(f"{of_child}\n\n{body}".lstrip(), f"{address}/")
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
