"""What the law lets us show later: the ledger's lines of a demand whose day has not come.

A demand may name a day before which the member must not learn of it; until then neither `/history`
nor its proofs tell, and from that day on all of it is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from db.tables.ledger import event
from db.tables.ops import case

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from services.subject import Subject


def shown(subject: Subject) -> ColumnElement[bool]:
    """Return what picks the events that the member may see today."""
    demand = subject.tables.demand.c
    hidden = (
        select(case.c.case_id)
        .join(subject.tables.demand, demand.demand_id == case.c.request_id)
        .where(
            case.c.member_id == subject.member_id,
            demand.member_id == subject.member_id,
            demand.shown_from > subject.today,
        )
    )
    return or_(event.c.case_id.is_(None), event.c.case_id.not_in(hidden))
