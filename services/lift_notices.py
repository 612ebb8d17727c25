"""Tells guardians whose suspension was lifted that they may act again, and the child who does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from db.clock import seoul_day
from db.tables.member import DORMANT, LIVE
from services import dispute_notices
from services.language import DEFAULT
from services.outbox import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from db.sealing import Sealer
    from db.words import Store

AGAIN: Final = "guardian_again"
CHILD: Final = "guardian_again_child"


def tell(
    data: Connection,
    child: UUID,
    guardians: Iterable[UUID],
    opened: Callable[[UUID], tuple[Store, Sealer]],
    now: datetime,
    today: datetime,
) -> int:
    """Write to those of `guardians` who may act `today`, as the worker; return to how many.

    `now`: when it was lifted: told once of each time. A child who is awake is told as well; the
    address of one who sleeps is used for nothing.
    """
    own = LIVE.member.c.member_id
    awake = data.scalar(select(own).where(own == child)) is not None
    tables = LIVE if awake else DORMANT
    link = tables.guardianship.c
    acts = (
        select(link.guardian_id)
        .where(link.member_id == child, link.guardian_id.in_(guardians))
        .where(dispute_notices.guards(tables, seoul_day(today)))
    )
    found, fact = sorted(set(data.scalars(acts))), f"{child}:{now.isoformat()}"
    params = {"asleep": "no" if awake else "yes"}
    again = Message(AGAIN, "either", DEFAULT, params, f"{AGAIN}:{fact}")
    told = sum(dispute_notices.write(data, one, opened, again, now) for one in found)
    if found and awake:
        own_word = Message(CHILD, "either", DEFAULT, {}, f"{CHILD}:{fact}")
        told += dispute_notices.write(data, child, opened, own_word, now)
    return told
