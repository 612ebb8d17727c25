"""Messages to members: written with what causes them; `services.delivery` sends them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db import places
from db.sealing import SealError
from db.tables import keys as keys_tables
from db.tables.ops import outbox
from db.words import Store
from services import jobs, messages

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Connection

    from db.keyring import Keyring
    from db.sealing import Sealer
    from services.language import Language

Way = Literal["email", "sms", "either"]
"""`either`: the e-mail address, or the mobile of somebody without one."""
TO: Final = "@to"
WARD: Final = "@ward"
"""Where the sealed params keep `Message.to` and `Message.ward`; no template can name them."""


@dataclass(frozen=True)
class Message:
    """What to say: a template of `services.messages`, how, in which language, filled with what."""

    template: str
    way: Way
    language: Language
    params: dict[str, str] = field(default_factory=dict, repr=False)
    key: str | None = None
    """Which fact it tells; with one key a member is told once."""
    to: str | None = field(default=None, repr=False)
    """An e-mail address, or a mobile number, other than the member's own."""
    sleeps_on: date | None = None
    """Of the notice before separation, the day that it names; the database holds us to it (P10)."""
    ward: str | None = field(default=None, repr=False)
    """The nickname of the child that it is about, or "", where it goes to the child's guardian."""

    @property
    def filled(self) -> dict[str, str]:
        """Return all of it that may name a person, and so is sealed."""
        ward = {} if self.ward is None else {WARD: self.ward}
        return self.params | ({TO: self.to} if self.to else {}) | ward


class NoKeyError(Exception):
    """The member's key is missing or another store's: nothing of theirs can be read."""


def enqueue(
    data: Connection, sealer: Sealer | None, member_id: UUID, message: Message, now: datetime
) -> UUID:
    """As `enqueue_once`, for a message without a key, which is always new."""
    new = enqueue_once(data, sealer, member_id, message, now)
    if new is None:
        msg = "a message with a key may have been told before: use enqueue_once"
        raise ValueError(msg)
    return new


def enqueue_once(
    data: Connection, sealer: Sealer | None, member_id: UUID, message: Message, now: datetime
) -> UUID | None:
    """Write a message and its job in the caller's transaction; return its id, None if told before.

    What fills it is sealed with the member's own key; only a message without any can do without a
    `sealer`. As `portal_web` the transaction must have named its subject (`as_subject`).
    Raise `NoKeyError` for want of a sealer, `ValueError` for params that do not fit the template.
    """
    messages.check(message.template, message.params)
    message_id = uuid4()
    # Of two who tell the same at once, the second waits for the first and then writes nothing.
    written = data.execute(
        insert(outbox)
        .values(
            member_id=member_id,
            message_id=message_id,
            channel=message.way,
            template=message.template,
            language=message.language,
            sealed=_sealed(sealer, message_id, message.filled),
            created_at=now,
            key=message.key,
            sleeps_on=message.sleeps_on,
        )
        .on_conflict_do_nothing()
        .execution_options(preserve_rowcount=True)  # of an insert it would be lost
    )
    if written.rowcount < 1:
        return None
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
