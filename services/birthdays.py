"""The days of a life that say a birth date unsealed are kept until they come: then they go.

At 14 a child decides alone from the first second of the day in Seoul (`services.guarding`); the
hourly run only tidies up after it: what a guardian agreed to waits for an answer until a last day,
and whoever can neither be reached nor sign in is kept only until somebody claims the data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select, text, update

from db.children_rules import rules
from db.tables.member import DORMANT, LIVE
from services import coming_of_age, guarding

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Connection

STORES: Final = (LIVE, DORMANT)
# What nobody answered in time ends as if its period were over: the ledger says so, once.
_UNANSWERED = """
    with over as (
        update {store}.member set answers_until = null where answers_until < :today
        returning member_id
    )
    insert into ledger.event (at, member_id, name, allowed, actor_kind, items)
    select :now, c.member_id, 'consent_ended', true, 'system',
        case when c.item is not null then array[c.item] end
    from over join {store}.consent c using (member_id)
    where c.granted and c.decided_by = 'guardian' and c.decided_at is not null
        and c.kind = any(:kinds) and (c.ends_on is null or c.ends_on >= :today)
        and not exists (
            select from {store}.consent l
            where l.member_id = c.member_id and l.kind = c.kind
                and l.channel is not distinct from c.channel
                and l.recipient is not distinct from c.recipient
                and l.item is not distinct from c.item and l.decided_at > c.decided_at
        )
"""


# Who is 14 has nobody acting for them: there is nothing left to decide.
_NOTHING_LEFT = """
    update {store}.dispute d set decided_at = :now, outcome = 'grown'
    from {store}.member m
    where d.decided_at is null and m.member_id = d.member_id
        and coalesce(m.turns_14_on <= :today, true)
"""


def due(connection: Connection, today: date) -> int:
    """Return how many 14th birthdays are past and still here; `today` is a Seoul day."""
    counts = (select(func.count()).where(tables.member.c.turns_14_on <= today) for tables in STORES)
    return sum(connection.scalar(count) or 0 for count in counts)


def clear(connection: Connection, today: date) -> int:
    """Clear the days that have come, as `portal_work`; return how many turned 14."""
    done = 0
    for tables in STORES:
        member = tables.member
        done += connection.execute(
            update(member)
            .where(member.c.turns_14_on <= today)
            .values(coming_of_age.arrived(tables))
        ).rowcount
        grown = update(member).where(member.c.turns_19_on <= today).values(turns_19_on=None)
        connection.execute(grown)
        # Reached by now: it is the member's own again.
        claimed = (member.c.unclaimed_on.is_not(None), guarding.reached(tables))
        connection.execute(update(member).where(*claimed).values(unclaimed_on=None))
    return done


def end_disputes(connection: Connection, today: date, now: datetime) -> int:
    """End disputes about children who are 14 by now; return how many."""
    given = {"today": today, "now": now}
    return sum(
        connection.execute(text(_NOTHING_LEFT.format(store=tables.store.value)), given).rowcount
        for tables in STORES
    )


def end_unanswered(connection: Connection, today: date, now: datetime) -> int:
    """End what waited for an answer until a day that is past; return how many consents ended."""
    kinds = [kind.value for kind in rules().coming_of_age.paused]
    given = {"today": today, "now": now, "kinds": kinds}
    return sum(
        connection.execute(text(_UNANSWERED.format(store=tables.store.value)), given).rowcount
        for tables in STORES
    )
