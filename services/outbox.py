"""Messages to members: written with what causes them, sent by the worker, once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update

from db import places
from db.clock import seoul_day
from db.sealing import SealError
from db.tables import keys as keys_tables
from db.tables.member import STORES
from db.tables.ops import outbox
from db.words import Purpose, Store
from services import jobs, messages, use
from services.mail import Mail
from services.sms import Sms

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from db.keyring import Keyring
    from db.sealing import Sealer
    from db.tables.member import MemberTables
    from services.language import Language
    from services.mail import Mailer
    from services.sms import Texter

Way = Literal["email", "sms", "either"]
"""`either`: the e-mail address, or the mobile of somebody without one."""
_ITEMS: dict[Way, tuple[str, ...]] = {
    "email": ("email",),
    "sms": ("mobile",),
    "either": ("email", "mobile"),
}
MOST_ATTEMPTS = 6
"""The last one, with the queue's growing waits, is half an hour after the first."""


@dataclass(frozen=True)
class Senders:
    """How messages leave, and the portal's address for the links in them."""

    mail: Mailer
    sms: Texter
    address: str


class NoKeyError(Exception):
    """The member's key is missing or another store's: nothing of theirs can be read."""


def enqueue(
    data: Connection,
    sealer: Sealer | None,
    member_id: UUID,
    message: tuple[str, Way],
    params: dict[str, str],
    *,
    language: Language,
    now: datetime,
) -> UUID:
    """Write a message and its job in the caller's transaction; return the message's id.

    `message` is the template and the way. `params` are sealed with the member's own key; only a
    message without any can do without a `sealer`. The portal must have named the subject.
    """
    template, way = message
    message_id = uuid4()
    data.execute(
        insert(outbox).values(
            member_id=member_id,
            message_id=message_id,
            channel=way,
            template=template,
            language=language,
            sealed=_sealed(sealer, message_id, params),
            created_at=now,
        )
    )
    jobs.defer(data, jobs.DELIVER, member_id=str(member_id), message_id=str(message_id))
    return message_id


def _sealed(sealer: Sealer | None, message_id: UUID, params: dict[str, str]) -> bytes | None:
    if not params:
        return None
    if sealer is None:
        raise NoKeyError
    plain = json.dumps(params, ensure_ascii=False).encode()
    return sealer.seal(plain, places.outbox(message_id))


def sealer_of(keys: Connection, keyring: Keyring, member_id: UUID) -> tuple[Store, Sealer]:
    """Return a member's store and what opens their values, as the worker. Raise `NoKeyError`."""
    table = keys_tables.member_key
    row = keys.execute(select(table).where(table.c.member_id == member_id)).one_or_none()
    if row is None:
        raise NoKeyError
    store = Store(row.store)
    try:
        return store, keyring.sealer(store, member_id, row.wrapped)
    except SealError:
        raise NoKeyError from None


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
    row = data.execute(select(outbox).where(*_is(key)).with_for_update()).one_or_none()
    if row is None or row.sent_at or row.failed_at:
        return False
    store, sealer = opened
    sent = _send(data, STORES[store], sealer, row, senders, now)
    column = "sent_at" if sent else "failed_at"
    data.execute(
        update(outbox)
        .where(*_is(key))
        .values({column: now, "sealed": None, "attempts": row.attempts + 1})
    )
    return sent


def failed(data: Connection, key: tuple[UUID, UUID], now: datetime) -> None:
    """Count an attempt that raised; after the last one give up and forget what filled it."""
    row = data.execute(select(outbox).where(*_is(key)).with_for_update()).one_or_none()
    if row is None or row.sent_at:
        return
    values: dict[str, object] = {"attempts": row.attempts + 1}
    if row.attempts + 1 >= MOST_ATTEMPTS:
        values |= {"failed_at": now, "sealed": None}
    data.execute(update(outbox).where(*_is(key)).values(values))


def _is(key: tuple[UUID, UUID]) -> tuple[object, ...]:
    return (outbox.c.member_id == key[0], outbox.c.message_id == key[1])


def _send(
    data: Connection,
    tables: MemberTables,
    sealer: Sealer,
    row: Row[tuple[object, ...]],
    senders: Senders,
    now: datetime,
) -> bool:
    standing = use.standing(data, tables, row.member_id, seoul_day(now))
    purpose = messages.PURPOSES[row.template]
    values = _values(data, tables, sealer, row.member_id)
    allowed = [i for i in _ITEMS[row.channel] if use.decide(i, purpose, standing).allowed]
    item = next((i for i in allowed if values.get(i)), None)
    if item is None:
        return False
    params: dict[str, object] = dict(_opened(sealer, row))
    greeted = use.decide("nickname", Purpose.IDENTIFICATION, standing).allowed
    nickname = values.get("nickname", "") if greeted else ""
    filled = messages.fill(
        row.template, row.language, params | {"nickname": nickname, "address": senders.address}
    )
    name = str(row.message_id)
    if item == "email":
        senders.mail.send(Mail(values[item], filled.subject, filled.text, filled.html, name))
    else:
        senders.sms.text(Sms(values[item], filled.text, name))
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
