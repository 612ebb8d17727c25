"""A company's answer to a notice: it has the notice's secret, and learns nothing but the notice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from db.sealing import digest
from db.words import Change
from services import ledger
from services.dispatching import EVERYBODY, called_there
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection


@dataclass(frozen=True)
class Asked:
    """What a notice asks to confirm. `reference`: what the company calls the member, if one."""

    member_id: UUID
    company: str
    reference: str | None
    change: Change
    items: tuple[str, ...]
    told_at: datetime
    answered_at: datetime | None


def asked(data: Connection, token: str) -> Asked | None:
    """Return the notice of a token; None for one that we never sent."""
    found = func.ops.asked_dispatch(digest(token)).table_valued(
        "member_id", "company_id", "name", "change", "items", "created_at", "answered_at"
    )
    row = data.execute(select(found)).one_or_none()
    if row is None:
        return None
    called = called_there(row.company_id, row.member_id)
    return Asked(
        row.member_id, row.name, called, Change(row.change), tuple(row.items), row.created_at,
        row.answered_at,
    )  # fmt: skip


def answer(data: Connection, token: str, now: datetime) -> Asked | None:
    """Note that the company has done it; a second answer changes nothing (P33)."""
    known = asked(data, token)
    if known is None or known.answered_at:
        return known
    data.execute(select(func.ops.answer_dispatch(digest(token), now)))
    if known.member_id != EVERYBODY:
        entry = ledger.Entry(EventName.COMPANY_ANSWERED, known.member_id, items=known.items)
        ledger.note(data, entry, now)
    return replace(known, answered_at=now)
