"""Asks companies to delete what they hold when their contract is over (clause 6, P21)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Text, Uuid, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert

from db.clock import seoul_day
from db.tables.ops import company, dispatch
from db.words import Change, CompanyRole, NoticeMeans
from services import jobs
from services.dispatching import EVERYBODY

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

_KEY: Final = "contract-ended"


def tell(data: Connection, now: datetime) -> int:
    """Write one notice for each company whose contract is over and who was not told, as the worker.

    It concerns everybody's data there, so it names nobody; its answer is tracked like any other.
    Return how many were written.
    """
    over = or_(company.c.ended_at <= now, company.c.contract_ends_on < seoul_day(now))
    ended = select(
        literal(EVERYBODY, Uuid), func.gen_random_uuid(), company.c.company_id,
        literal(Change.CONTRACT_ENDED, Text), company.c["items"], literal(_KEY, Text),
        literal(now),
    ).where(over, company.c.role != CompanyRole.SOURCE_SYSTEM)  # fmt: skip
    columns = ["member_id", "dispatch_id", "company_id", "change", "items", "key", "created_at"]
    new = (
        insert(dispatch)
        .from_select(columns, ended)
        .on_conflict_do_nothing()
        .returning(dispatch.c.dispatch_id, dispatch.c.company_id)
        .cte("new")
    )
    rows = data.execute(
        select(new.c.dispatch_id, company.c.means).join(
            company, company.c.company_id == new.c.company_id
        )
    ).all()
    for row in rows:
        if row.means != NoticeMeans.NONE:
            jobs.defer(
                data, jobs.DISPATCH, member_id=str(EVERYBODY), dispatch_id=str(row.dispatch_id)
            )
    return len(rows)
