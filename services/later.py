"""What the law lets us show later: the ledger's lines of a demand whose day has not come.

A demand may name a day before which the member must not learn of it; until then neither `/history`
nor its proofs tell, and from that day on all of it is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Date, Uuid, bindparam, or_, select

from db.tables.ledger import event
from db.tables.member import STORES
from db.tables.ops import case

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from db.words import Store


def shown(store: Store) -> ColumnElement[bool]:
    """Return what picks the events that a member may see; it takes `member` and `today`."""
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
    return or_(event.c.case_id.is_(None), event.c.case_id.not_in(hidden))
