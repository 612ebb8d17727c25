"""Once a year each member is told where to see what was used and provided (PIPA art. 20-2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Date, Text, bindparam, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from db.clock import seoul_day
from db.period import Period
from db.tables.ledger import event
from db.tables.member import LIVE
from db.tables.ops import outbox
from db.words import ActorKind
from services import jobs, notify
from services.language import DEFAULT
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Connection, Select

TEMPLATE: Final = "usage"
EVERY: Final = Period(years=1)
MOST: Final = 1_000
"""Members told in one run: the hourly run stays short, and a day's 24 reach 24,000."""


def tell(data: Connection, now: datetime, most: int = MOST) -> int:
    """Tell at most `most` members who joined a year ago or longer and were not told for a year.

    One statement for all of them, as the worker; the message names nothing, so nothing is sealed.
    Return how many were told; two workers at once tell different members.
    """
    today = seoul_day(now)
    rows = data.execute(
        _TELL,
        {
            "before": _year_before(today), "most": most, "now": now, "today": today,
            "key": f"{TEMPLATE}:{today.year}", "ends_on": notify.KEPT.ends_on(today),
        },
    ).all()  # fmt: skip
    jobs.defer_many(
        data,
        jobs.DELIVER,
        [{"member_id": str(r.member_id), "message_id": str(r.message_id)} for r in rows],
    )
    return len(rows)


def _year_before(today: date) -> date:
    """Return the same day a year ago, 28 February for the 29th."""
    try:
        return today.replace(year=today.year - 1)
    except ValueError:
        return today.replace(year=today.year - 1, day=28)


def _statement() -> Select[Any]:
    member, before = LIVE.member.c, bindparam("before", type_=Date)
    now, today = bindparam("now", type_=outbox.c.created_at.type), bindparam("today", type_=Date)
    due = (
        select(member.member_id, func.gen_random_uuid().label("message_id"))
        .where(
            or_(member.usage_told_on.is_(None), member.usage_told_on <= before),
            func.coalesce(member.joined_on, func.date(member.created_at)) <= before,
        )
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    told = (
        update(LIVE.member)
        .where(member.member_id == due.c.member_id)
        .values(usage_told_on=today)
        .cte("told")
    )
    mail = (
        insert(outbox)
        .from_select(
            ["member_id", "message_id", "channel", "template", "language", "created_at", "key"],
            select(
                due.c.member_id, due.c.message_id, literal("email", Text), literal(TEMPLATE, Text),
                literal(DEFAULT, Text), now, bindparam("key", type_=Text),
            ),
        )
        .on_conflict_do_nothing()
        .returning(outbox.c.member_id, outbox.c.message_id)
        .cte("mail")
    )  # fmt: skip
    box = (
        insert(LIVE.inbox)
        .from_select(
            ["member_id", "message_id", "template", "created_at", "ends_on"],
            select(
                mail.c.member_id, mail.c.message_id, literal(TEMPLATE, Text), now,
                bindparam("ends_on", type_=LIVE.inbox.c.ends_on.type),
            ),
        )
        .cte("box")
    )  # fmt: skip
    noted = (
        insert(event)
        .from_select(
            ["at", "member_id", "name", "allowed", "actor_kind"],
            select(
                now, mail.c.member_id, literal(EventName.USAGE_TOLD, Text), literal(value=True),
                literal(ActorKind.SYSTEM, Text),
            ),
        )
        .cte("noted")
    )  # fmt: skip
    return select(mail.c.member_id, mail.c.message_id).add_cte(told, box, noted)


_TELL: Final = _statement()
