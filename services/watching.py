"""What is unusual about the staff's access, found day by day by rules of the law's data (P28).

Each day that is over is looked at once, set-based, in one transaction; killed, or by two workers at
once, it ends the same. A finding names staff, a rule and a number, never a member.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from db.clock import SEOUL, seoul_day
from db.errors import PortalError
from db.law import law
from db.tables.ops import staff
from db.tables.watching import watch_finding, watched
from db.words import N_, WatchClosed, WatchRule
from services import ledger
from services.actor import AccessDenied, Permission, page_opens
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Connection

    from services.actor import Actor

PAGE_ROWS: Final = 20
_BACK: Final = timedelta(days=31)
"""How far back the first run looks, and one after a long stop."""
_FIND: Final = text(
    """
    insert into ops.watch_finding (finding_id, rule, staff_id, day, number, found_at)
    select gen_random_uuid(), rule, staff_id, :day, number, :at from (
        select 'many_members' as rule, e.actor_id as staff_id,
            count(distinct e.member_id) filter (where e.allowed) as number,
            cast(:many_members as int) as most
        from ledger.event e
        where e.actor_kind = 'staff' and e.at >= :since and e.at < :until group by e.actor_id
        union all
        select 'out_of_hours', e.actor_id, count(*) filter (where e.member_id is not null
            and (extract(hour from e.at at time zone 'Asia/Seoul') < :opens
                or extract(hour from e.at at time zone 'Asia/Seoul') >= :shuts)),
            cast(:out_of_hours as int)
        from ledger.event e
        where e.actor_kind = 'staff' and e.at >= :since and e.at < :until group by e.actor_id
        union all
        select 'refused', e.actor_id, count(*) filter (where not e.allowed),
            cast(:refused as int)
        from ledger.event e
        where e.actor_kind = 'staff' and e.at >= :since and e.at < :until group by e.actor_id
        union all
        select 'guessing', l.staff_id, l.made - l.found + l.refused, cast(:guessing as int)
        from ops.lookup l where l.day = :day
    ) counted
    where number > most
    on conflict (rule, staff_id, day) do nothing
    """
)


class FindingGone(PortalError):  # noqa: N818 (said to the officer)
    """It can't be closed, or not by this one."""


@dataclass(frozen=True)
class Finding:
    """One thing to look into; `own`: it is about who reads this, and another officer closes it."""

    finding_id: UUID
    rule: WatchRule
    staff_no: str
    day: date
    number: int
    own: bool


def run(connection: Connection, now: datetime) -> int:
    """Look at each day in Seoul that is over and was not looked at, as the worker."""
    today = seoul_day(now)
    last: date | None = connection.scalar(select(func.max(watched.c.day)))
    day = max(last + timedelta(days=1) if last else today - _BACK, today - _BACK)
    done = 0
    while day < today:
        mark = insert(watched).values(day=day, at=now).on_conflict_do_nothing()
        if connection.execute(mark.returning(watched.c.day)).all():
            connection.execute(_FIND, _limits(day, now))
            done += 1
        day += timedelta(days=1)
    return done


def _limits(day: date, now: datetime) -> dict[str, object]:
    rules = law().unusual
    since = datetime.combine(day, time(), SEOUL)
    return {
        "day": day, "at": now, "since": since, "until": since + timedelta(days=1),
        "opens": rules.opens_at, "shuts": rules.shuts_at,
        **{rule.id.value: rule.most for rule in rules.rules},
    }  # fmt: skip


def count(connection: Connection) -> int:
    """Return how many findings are open."""
    open_ones = select(func.count()).where(watch_finding.c.closed_at.is_(None))
    return connection.scalar(open_ones) or 0


def page(connection: Connection, actor: Actor) -> tuple[Finding, ...]:
    """Return the first open findings, the newest day first: one query."""
    _officer(actor)
    rows = connection.execute(
        select(
            watch_finding.c.finding_id, watch_finding.c.rule, staff.c.staff_no,
            watch_finding.c.day, watch_finding.c.number, watch_finding.c.staff_id,
        )
        .join(staff, staff.c.staff_id == watch_finding.c.staff_id)
        .where(watch_finding.c.closed_at.is_(None))
        .order_by(watch_finding.c.day.desc(), staff.c.staff_no, watch_finding.c.rule)
        .limit(PAGE_ROWS)
    )  # fmt: skip
    return tuple(
        Finding(row.finding_id, WatchRule(row.rule), row.staff_no, row.day, row.number,
                row.staff_id == actor.person)
        for row in rows
    )  # fmt: skip


def close(connection: Connection, actor: Actor, finding_id: UUID, how: WatchClosed) -> None:
    """Close a finding by what was done about it; the ledger says by whom. Raise `FindingGone`."""
    _officer(actor)
    closed = connection.execute(
        update(watch_finding)
        .where(
            watch_finding.c.finding_id == finding_id,
            watch_finding.c.closed_at.is_(None),
            watch_finding.c.staff_id != actor.person,
        )
        .values(closed_at=actor.at, closed_by=actor.person, closed_how=how)
    )
    if not closed.rowcount:
        raise FindingGone(N_("It is closed already, or about you: another officer closes it."))
    entry = ledger.Entry(EventName.WATCH_CLOSED, None, page="/desk-officer", reason=how)
    ledger.write(connection, actor, entry)


def _officer(actor: Actor) -> None:
    if not page_opens(Permission.OFFICER_DESK, actor):
        raise AccessDenied(N_("This page is not open to you."))
