"""A member's own open sessions: where signed in, ending the others, and word of a new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, exists, select, update
from ua_parser import parse_os, parse_user_agent

from db.tables.ledger import event
from db.tables.ops import session as rows
from services import outbox
from services.gathering import ordered
from services.ledger import EventName
from services.sessions import IDLE, LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection

    from services.gathering import Row
    from services.language import Language

MESSAGE = "new_device"


@dataclass(frozen=True)
class OpenSession:
    """One place where the member is signed in. `agent` None: the browser did not say what it is."""

    session_id: UUID
    agent: str | None
    signed_in_at: datetime
    last_active_at: datetime
    this_one: bool


OPEN = ordered(
    select(rows.c.session_id, rows.c.agent, rows.c.signed_in_at, rows.c.last_active_at).where(
        rows.c.member_id == bindparam("person"),
        rows.c.revoked_at.is_(None),
        rows.c.last_active_at > bindparam("active_after"),
        rows.c.signed_in_at > bindparam("since"),
    ),
    rows.c.last_active_at.desc(),
    rows.c.session_id,
)
"""A person's sessions that still count, the latest used first; it takes what `asked` gives."""


def agent_words(header: str | None) -> str | None:
    """Return what a browser calls itself in two words, such as "Chrome · Android".

    Nothing finer is kept: a version or a model would help to recognise a person.
    """
    if not header:
        return None
    browser, system = parse_user_agent(header), parse_os(header)
    found = [part.family for part in (browser, system) if part]
    return " · ".join(found) or None


def asked(person: UUID, now: datetime) -> dict[str, object]:
    """Return the parameters of `OPEN`."""
    return {"person": person, "active_after": now - IDLE, "since": now - LONGEST}


def open_ones(found: Iterable[Row], this: UUID) -> tuple[OpenSession, ...]:
    """Return the rows of `OPEN` as sessions, `this` being the one that asks."""
    return tuple(OpenSession(**row, this_one=row["session_id"] == this) for row in found)


def end_others(connection: Connection, member_id: UUID, this: UUID, now: datetime) -> int:
    """End every session of the member but this one; return how many ended.

    Running tabs notice on their next run: each reads its row.
    """
    ended = connection.execute(
        update(rows)
        .where(
            rows.c.member_id == member_id,
            rows.c.session_id != this,
            rows.c.revoked_at.is_(None),
        )
        .values(revoked_at=now, revoked_why="signed_out_elsewhere")
    )
    return int(ended.rowcount)


def note_browser(
    connection: Connection, session_id: UUID, header: str | None, language: Language, now: datetime
) -> bool:
    """Remember what browser a fresh sign-in came from; tell the member when it is a new one.

    New is a browser whose device cookie did not sign this member in of late (`sessions.KEPT`; the
    session's own is fresh each time), or that keeps none; the very first sign-in of a member tells
    nobody anything new. The transaction must have named its subject. Return whether a message went
    out.
    """
    agent = agent_words(header)
    session = connection.execute(
        update(rows)
        .where(rows.c.session_id == session_id)
        .values(agent=agent)
        .returning(rows.c.member_id, rows.c.device_digest)
    ).one()
    others = (rows.c.member_id == session.member_id) & (rows.c.session_id != session_id)
    same = (rows.c.device_digest == session.device_digest) & rows.c.device_digest.is_not(None)
    known = connection.scalar(select(exists().where(others, same)))
    if known or session.member_id is None:
        return False
    # The ledger remembers a sign-in for longer than its session is kept.
    before = _signed_in(session.member_id) & (event.c.session_id != session_id)
    if not connection.scalar(select(exists().where(others) | exists().where(before))):
        return False  # the first sign-in of all
    message = outbox.Message(MESSAGE, "either", language)
    outbox.enqueue(connection, None, session.member_id, message, now)
    return True


def _signed_in(member_id: UUID) -> ColumnElement[bool]:
    return (event.c.member_id == member_id) & (event.c.name == EventName.SIGNED_IN)
