"""What of the ledger is shown later, or not to everybody.

What the law lets us show later: the lines of a demand whose day has not come.

A demand may name a day before which the member must not learn of it; until then neither `/history`
nor its proofs tell, and from that day on all of it is there. And who said that something is wrong
with the guardians: that is told to no other guardian.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Date, Uuid, and_, bindparam, false, func, or_, select

from db.tables.ledger import event
from db.tables.member import STORES
from db.tables.ops import case
from services.ledger import EventName

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from db.words import Store


def shown(store: Store) -> ColumnElement[bool]:
    """Return what picks the events that a reader may see; it takes `member`, `today`, `guardian`.

    `guardian`: who reads for a child; None for the member, and for staff in the member's case.
    """
    table, member = STORES[store].demand, bindparam("member", type_=Uuid)
    hidden = (
        select(case.c.case_id)
        .join(table, table.c.demand_id == case.c.request_id)
        .where(
            case.c.member_id == member,
            table.c.member_id == member,
            table.c.shown_from > bindparam("today", type_=Date),
        )
    )
    reader = bindparam("guardian", type_=Uuid)
    told = or_(
        event.c.name != EventName.DISPUTE_OPENED,
        reader.is_(None),
        func.coalesce(event.c.actor_id == reader, false()),
    )
    return and_(told, or_(event.c.case_id.is_(None), event.c.case_id.not_in(hidden)))
