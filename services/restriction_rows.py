"""The rows of restrictions: written, ended, read. What they mean is in `services.restriction`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import Select, Uuid, bindparam, insert, select, update

from db.tables.member import STORES
from db.words import Noted
from services import journal
from services.gathering import ordered

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from db.words import Purpose, RestrictionWhy, Store
    from services.journal_rows import Held
    from services.subject import Subject

Scope = tuple["str | None", "Purpose | None", "datetime"]
"""An item, a purpose, and from when; None stands for all."""


def begin(
    subject: Subject, why: RestrictionWhy, request_id: UUID | None, scopes: Iterable[Scope]
) -> int:
    """Write a restriction for each scope; return how many."""
    rows = [
        {
            "member_id": subject.member_id, "restriction_id": uuid4(), "item": item,
            "purpose": purpose, "started_at": since, "why": why, "request_id": request_id,
            "asked_by": subject.actor.kind,
        }
        for item, purpose, since in scopes
    ]  # fmt: skip
    if rows:
        subject.connection.execute(insert(subject.tables.restriction), rows)
        note(subject, rows)
    return len(rows)


def note(subject: Subject, rows: Iterable[Held]) -> None:
    """Note restrictions as they stand now, so that a restore brings them to that."""
    held = [(subject.tables.restriction, row) for row in rows]
    if held:
        journal.note(subject.connection, Noted.RESTRICTED, subject.member_id, subject.at, rows=held)


def end(subject: Subject, request_id: UUID) -> int:
    """End what a request restricts, now; return how many restrictions that were."""
    table = subject.tables.restriction
    ended = (
        subject.connection.execute(
            update(table)
            .where(
                table.c.member_id == subject.member_id,
                table.c.request_id == request_id,
                table.c.ended_at.is_(None),
            )
            .values(ended_at=subject.at)
            .returning(table)
        )
        .mappings()
        .all()
    )
    note(subject, ended)
    return len(ended)


@cache
def open_ones(store: Store) -> Select[Any]:
    """Return a member's restrictions in force, the latest first; it takes the parameter `member`.

    `scope` is what the member stopped: a use, a group of uses (clause 1), or None for all.
    """
    table, asked = STORES[store].restriction, STORES[store].request
    request = (asked.c.member_id == table.c.member_id) & (asked.c.request_id == table.c.request_id)
    return ordered(
        select(
            table.c.restriction_id, table.c.item, table.c.purpose, table.c.started_at,
            table.c.why, table.c.request_id, table.c.blocked, table.c.last_blocked_at,
            asked.c.state.label("state"), asked.c.purpose.label("scope"),
        )
        .select_from(table.outerjoin(asked, request))
        .where(table.c.member_id == bindparam("member", type_=Uuid), table.c.ended_at.is_(None)),
        table.c.started_at.desc(),
        table.c.restriction_id,
    )  # fmt: skip
