"""Sends the outbox's messages, in the worker: each once, to an address that may be used for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, select, update

from db import places
from db.clock import seoul_day
from db.tables.member import STORES
from db.tables.ops import outbox
from db.words import Purpose, Store
from services import messages, use
from services.mail import Mail
from services.sms import Sms

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection, Row

    from db.sealing import Sealer
    from db.tables.member import MemberTables
    from services.mail import Mailer
    from services.outbox import Way
    from services.sms import Texter

_ITEMS: dict[Way, tuple[str, ...]] = {
    "email": ("email",),
    "sms": ("mobile",),
    "either": ("email", "mobile"),
}
MOST_ATTEMPTS = 6
"""The last one, with the queue's growing waits, is half an hour after the first."""


@dataclass(frozen=True)
class Senders:
    """How messages leave, the portal's address for the links in them, and who sends."""

    mail: Mailer
    sms: Texter
    address: str
    name: str = ""


def deliver(
    data: Connection,
    opened: tuple[Store, Sealer],
    key: tuple[UUID, UUID],
    senders: Senders,
    now: datetime,
) -> bool:
    """Send the message `key` (member, message) once; return whether it was sent now.

    The row stays locked while it is sent, so that of two workers one sends. What filled it is
    forgotten when it has gone, or when the member has no address that may be used for it.
    """
    row = data.execute(select(outbox).where(_is(key)).with_for_update()).one_or_none()
    if row is None or row.sent_at or row.failed_at:
        return False
    sent = _send(data, opened, row, senders, now)
    column = "sent_at" if sent else "failed_at"
    data.execute(
        update(outbox)
        .where(_is(key))
        .values({column: now, "sealed": None, "attempts": row.attempts + 1})
    )
    return sent


def failed(data: Connection, key: tuple[UUID, UUID], now: datetime) -> None:
    """Count an attempt that raised; after the last one give up and forget what filled it."""
    row = data.execute(select(outbox).where(_is(key)).with_for_update()).one_or_none()
    if row is None or row.sent_at:
        return
    values: dict[str, object] = {"attempts": row.attempts + 1}
    if row.attempts + 1 >= MOST_ATTEMPTS:
        values |= {"failed_at": now, "sealed": None}
    data.execute(update(outbox).where(_is(key)).values(values))


def _is(key: tuple[UUID, UUID]) -> ColumnElement[bool]:
    return and_(outbox.c.member_id == key[0], outbox.c.message_id == key[1])


def _send(
    data: Connection,
    opened: tuple[Store, Sealer],
    row: Row[tuple[object, ...]],
    senders: Senders,
    now: datetime,
) -> bool:
    store, sealer = opened
    tables, purpose = STORES[store], messages.PURPOSES[row.template]
    standing = use.standing(data, tables, row.member_id, seoul_day(now))
    values = _values(data, tables, sealer, row.member_id)
    allowed = [i for i in _ITEMS[row.channel] if use.decide(i, purpose, standing).allowed]
    item = next((i for i in allowed if values.get(i)), None)
    if item is None:
        return False
    greeted = use.decide("nickname", Purpose.IDENTIFICATION, standing).allowed
    filled = messages.fill(
        row.template,
        row.language,
        {
            **_opened(sealer, row),
            "nickname": values.get("nickname", "") if greeted else "",
            "address": senders.address,
        },
        senders.name,
    )
    name = str(row.message_id)
    if item == "email":
        senders.mail.send(Mail(values[item], filled.subject, filled.text, filled.html, name))
    else:
        senders.sms.text(Sms(values[item], filled.sms, name))
    return True


def _opened(sealer: Sealer, row: Row[tuple[object, ...]]) -> dict[str, str]:
    if row.sealed is None:
        return {}
    opened: dict[str, str] = json.loads(sealer.open(row.sealed, places.outbox(row.message_id)))
    return opened


def _values(
    data: Connection, tables: MemberTables, sealer: Sealer, member_id: UUID
) -> dict[str, str]:
    table = tables.profile_value
    rows = data.execute(
        select(table.c.item, table.c.seq, table.c.sealed).where(
            table.c.member_id == member_id,
            table.c.item.in_(("email", "mobile", "nickname")),
            table.c.seq == 0,
            table.c.sealed.is_not(None),
        )
    )
    return {r.item: sealer.open(r.sealed, places.profile(r.item, r.seq)).decode() for r in rows}
