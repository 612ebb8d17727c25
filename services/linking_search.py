"""Looks for the child of a guardian's wish, in the worker, and sends the code to its contacts.

Nobody sees from outside what was found. A code goes only to a contact that was recorded when the
child joined, for a child that is here, awake and under 14; never to a guardian whose link to the
child has ended: of that our staff decide, by a document.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, or_, select, update

from db import places
from db.clock import seoul_day
from db.tables.linking import linking
from db.tables.member import LIVE
from db.words import Purpose, Store
from services import guarding, ledger, outbox
from services.identity.accounts import find_members
from services.ledger import EventName
from services.linking import code_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from db.keyring import Keyring
    from services.house import House
    from services.language import Language

MOST_A_DAY: Final = 3
"""Codes about one child in a day, whoever asks: a guardian's telephone is nobody's bell."""
_MOST_CONTACTS: Final = 5
_FORGOTTEN: Final = timedelta(days=1)


@dataclass(frozen=True)
class _Asked:
    """Whose wish it is, and what was typed."""

    guardian: UUID
    linking_id: UUID
    pairs: tuple[tuple[str, str], ...]
    language: Language


def pairs(typed: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Return by what a child is found: name with birth date, and a login id if one is given."""
    found = [("name_birth", f"{typed['name']}\0{typed['birth_date']}")]
    if typed.get("login_id"):
        found.append(("login_id", typed["login_id"].strip()))
    return tuple(found)


def the_one(keys: Connection, keyring: Keyring, wanted: tuple[tuple[str, str], ...]) -> UUID | None:
    """Return the one member whom every pair names; None for nobody and for several."""
    found = [set(find_members(keys, keyring, [pair])) for pair in wanted]
    same = set.intersection(*found)
    return next(iter(same)) if len(same) == 1 else None


def look(house: House, guardian: UUID, linking_id: UUID, now: datetime) -> bool:
    """Look for the child of a wish, once, and send the code; return whether one is sent."""
    data_engine, keys_engine = house.databases.data, house.databases.keys
    with data_engine.begin() as data, keys_engine.connect() as keys:
        asked = _asked(data, keys, house.keyring, (guardian, linking_id), now)
        if asked is None:
            return False
        child = the_one(keys, house.keyring, asked.pairs)
        found = child is not None and _reach(data, keys, house.keyring, child, asked, now)
        data.execute(
            update(linking)
            .where(linking.c.member_id == guardian, linking.c.linking_id == linking_id)
            .values(sealed=None, child_id=child if found else None)
        )
    return found


def forget(data: Connection, now: datetime) -> None:
    """Delete wishes whose code is long over, as the worker."""
    data.execute(delete(linking).where(linking.c.expires_at < now - _FORGOTTEN))


def _asked(
    data: Connection, keys: Connection, keyring: Keyring, key: tuple[UUID, UUID], now: datetime
) -> _Asked | None:
    row = data.execute(
        select(linking.c.sealed)
        .where(
            linking.c.member_id == key[0], linking.c.linking_id == key[1],
            linking.c.ended_at.is_(None), linking.c.expires_at > now,
        )
        .with_for_update()
    ).one_or_none()  # fmt: skip
    if row is None or row.sealed is None:
        return None
    store, sealer = outbox.sealer_of(keys, keyring, key[0])
    if store is not Store.LIVE:
        return None
    typed = json.loads(sealer.open(row.sealed, places.linking(key[1])))
    language: Language = "en" if typed["language"] == "en" else "ko"
    return _Asked(*key, pairs(typed), language)


def _reach(
    data: Connection, keys: Connection, keyring: Keyring, child: UUID, asked: _Asked, now: datetime
) -> bool:
    """Send the code to each contact of a guardian that the child came with; False: to nobody."""
    if not _may(data, child, asked.guardian, now):
        return False
    _store, sealer = outbox.sealer_of(keys, keyring, child)
    table = LIVE.profile_value.c
    rows = data.execute(
        select(table.seq, table.sealed)
        .where(
            table.member_id == child, table.item == "guardian_contact", table.sealed.is_not(None)
        )
        .order_by(table.seq)
        .limit(_MOST_CONTACTS)
    ).all()
    params = {"code": code_of(keyring, asked.linking_id)}
    for row in rows:
        to = sealer.open(row.sealed, places.profile("guardian_contact", row.seq)).decode()
        message = outbox.Message(
            "guardian_code", "email" if "@" in to else "sms", asked.language, params,
            f"guardian_code:{asked.linking_id}:{row.seq}", to,
        )  # fmt: skip
        outbox.enqueue_once(data, sealer, child, message, now)
    if rows:
        entry = ledger.Entry(
            EventName.LINK_CODE_SENT, child, Purpose.GUARDIAN_IDENTITY, items=("guardian_contact",)
        )
        ledger.note(data, entry, now)
    return bool(rows)


def _may(data: Connection, child: UUID, guardian: UUID, now: datetime) -> bool:
    """Return whether a code about this child may go out: it is awake, under 14, and not rung up."""
    today, link = seoul_day(now), LIVE.guardianship.c
    under_14 = select(LIVE.member.c.member_id).where(
        LIVE.member.c.member_id == child, LIVE.member.c.turns_14_on > today
    )
    ended = select(link.member_id).where(
        link.member_id == child,
        link.guardian_id == guardian,
        or_(link.ended_on <= today, guarding.suspended(link, today)),
    )
    lately = select(func.count()).where(
        linking.c.child_id == child, linking.c.asked_at > now - _FORGOTTEN
    )
    return (
        child != guardian
        and data.scalar(under_14) is not None
        and data.scalar(ended) is None
        and int(data.scalar(lately) or 0) < MOST_A_DAY
    )
