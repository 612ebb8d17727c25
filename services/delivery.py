"""Sends the outbox's messages, in the worker: each once, to an address that may be used for it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import and_, select, update

from db import places
from db.clock import seoul_day
from db.tables.member import STORES
from db.tables.ops import outbox
from db.words import Purpose, Store
from services import blocking, messages, use
from services.mail import Mail, Refused
from services.outbox import TO, WARD
from services.patience import MOST_ATTEMPTS
from services.sms import Sms
from services.use import Why

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection, Row

    from db.sealing import Sealer
    from db.tables.member import MemberTables
    from services.guardian_mail import Guardians
    from services.mail import Mailer
    from services.outbox import Way
    from services.sms import Texter
    from services.use import Standing

_ITEMS: dict[Way, tuple[str, ...]] = {
    "email": ("email",),
    "sms": ("mobile",),
    "either": ("email", "mobile"),
}


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
    guardians: Guardians | None = None,
) -> bool:
    """Send the message `key` (member, message) once; return whether it was sent now.

    What a child without any address is told goes to its `guardians`.

    The row stays locked while it is sent, so that of two workers one sends. What filled it is
    forgotten when it has gone, when it bounced, or when the member has no address that may be used.
    """
    row = data.execute(select(outbox).where(_is(key)).with_for_update()).one_or_none()
    if row is None or row.sent_at or row.failed_at or row.bounced_at:
        return False
    done = _send(data, opened, row, senders, now, guardians)
    # A clock that went back makes no notice older than it is.
    ends = dict.fromkeys(done or ("failed_at",), max(now, row.created_at))
    values = ends | {"sealed": None, "attempts": row.attempts + 1}
    data.execute(update(outbox).where(_is(key)).values(values))
    return "sent_at" in done


def failed(data: Connection, key: tuple[UUID, UUID], now: datetime) -> None:
    """Count an attempt that raised; after the last one give up and forget what filled it."""
    row = data.execute(select(outbox).where(_is(key)).with_for_update()).one_or_none()
    if row is None or row.sent_at or row.failed_at or row.bounced_at:
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
    guardians: Guardians | None,
) -> tuple[str, ...]:
    """Try each way that may be used until one takes it; return what happened, as columns."""
    store, sealer = opened
    tables = STORES[store]
    if store is Store.RETAINED:  # nothing is read of who left: it is kept for other reasons (P07)
        standing, values = use.NOTHING, {}
    else:
        standing = use.standing(data, tables, row.member_id, seoul_day(now))
        values = _values(data, tables, sealer, row.member_id)
    params = _opened(sealer, row)
    ward = params.pop(WARD, None)
    if to := params.pop(TO, None):
        item = "email" if "@" in to else "mobile"
        values[item], standing = to, _apart_from_own(standing, item)
    elif new := _waiting(data, tables, sealer, row, standing):
        # A disputed address is used for nothing; the one that is to replace it may be (P32).
        values["email"], standing = new, _apart_from_own(standing, "email")
    nickname = _greeting(row, values, standing)
    there = [item for item in _ITEMS[row.channel] if item in values]
    alone = not there and standing.child and not standing.store_only
    if alone and guardians and guardians.tell(data, sealer, row, nickname, now):
        return ("sent_at",)
    given: dict[str, object] = {**params, "nickname": nickname, "address": senders.address}
    filled = messages.fill(row.template, row.language, given, senders.name, ward)
    bounced: tuple[str, ...] = ()
    for item in _allowed(data, tables, standing, row, there, now):
        try:
            _hand_over(senders, row, (item, values[item]), filled, now)
        except Refused:
            bounced = ("bounced_at",)
        else:
            return ("sent_at", *bounced)
    return bounced


def _hand_over(
    senders: Senders,
    row: Row[tuple[object, ...]],
    address: tuple[str, str],
    filled: messages.Filled,
    now: datetime,
) -> None:
    name, (item, to) = str(row.message_id), address
    if item == "email":
        senders.mail.send(Mail(to, filled.subject, filled.text, filled.html, name, now))
    else:
        senders.sms.text(Sms(to, filled.sms, name))


def _greeting(row: Row[tuple[object, ...]], values: dict[str, str], standing: Standing) -> str:
    """Return the nickname in a greeting, where it may be used; a child's is told to nobody else."""
    may = use.decide("nickname", Purpose.IDENTIFICATION, standing).allowed
    return values.get("nickname", "") if may and row.template not in messages.TO_GUARDIAN else ""


def _apart_from_own(standing: Standing, item: str) -> Standing:
    """Return the standing for another address than the stored one, which may be disputed."""
    others = frozenset(one for one in standing.restricted if one[0] != item)
    return replace(standing, restricted=others)


def _allowed(
    data: Connection,
    tables: MemberTables,
    standing: Standing,
    row: Row[tuple[object, ...]],
    there: list[str],
    now: datetime,
) -> list[str]:
    """Return the addresses that may be used for this message; a stop that refuses one counts."""
    purpose, found = messages.PURPOSES[row.template], []
    for item in there:
        asked = "guardian_contact" if row.template in messages.TO_GUARDIAN else item
        why = use.decide(asked, purpose, standing).why
        if why is Why.ALLOWED:
            found.append(item)
        elif why is Why.RESTRICTED:
            blocking.count(data, tables, row.member_id, item, purpose, now)
    return found


def _opened(sealer: Sealer, row: Row[tuple[object, ...]]) -> dict[str, str]:
    if row.sealed is None:
        return {}
    opened: dict[str, str] = json.loads(sealer.open(row.sealed, places.outbox(row.message_id)))
    return opened


def _waiting(
    data: Connection,
    tables: MemberTables,
    sealer: Sealer,
    row: Row[tuple[object, ...]],
    standing: Standing,
) -> str | None:
    """Return the address that is to replace a disputed one, for what proves nothing."""
    if row.template in messages.SECRET or ("email", None) not in standing.restricted:
        return None
    table = tables.pending_value.c
    sealed = data.scalar(
        select(table.sealed).where(
            table.member_id == row.member_id,
            table.item == "email",
            # What a guardian typed is nobody's until its reader has said so.
            table.asked_by == row.member_id,
        )
    )
    return sealer.open(sealed, places.pending("email")).decode() if sealed else None


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
