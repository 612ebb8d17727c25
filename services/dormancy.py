"""Who has not used the services for a year is told, and a month later kept apart (clause 3.3).

Periods, days of notice and the services that count are the policy's; `PORTAL_DORMANCY` switches the
rule. A member's own sign-in here counts, a guardian's or staff's never. Not told and not separated:
whose data is restricted or held, who has a request open, and the guardian of a child under 14.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select, text

from db.asleep import NOTICE
from db.clock import seoul_day
from db.policy import in_force, policies
from db.sealing import SealError
from db.settings import settings
from db.tables.ledger import event, seal
from db.tables.member import LIVE
from db.tables.moves import separation
from db.tables.ops import outbox as notice
from db.words import ActorKind, GrantEnded, Noted, Store
from services import case_lives, journal, moving, notify, outbox
from services.language import DEFAULT
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from db.policy_facts import Dormancy
    from services.house import House
    from services.journal_rows import Row

_log = logging.getLogger("portal")
AT_ONCE: Final = 500
"""Members in one transaction: the memory of a run does not grow with how many are due."""
# The last use that counts, as known here; an unknown one began with joining, or with coming here.
_LAST = """
    cross join lateral (select coalesce(
        greatest(m.last_counted_on, (
            select max(u.last_used_on) from live.service_use u
            where u.member_id = m.member_id and u.service = any(:counted)
        )), m.joined_on, (m.created_at at time zone 'Asia/Seoul')::date
    ) as day) last
"""
_SPARED = """
    and not exists (select from live.restriction r
        where r.member_id = m.member_id and r.ended_at is null)
    and not exists (select from live.request r
        where r.member_id = m.member_id and r.state = 'open')
    and not exists (select from ops.hold h where h.member_id = m.member_id
        and h.lifted_at is null and h.ends_on >= :today)
    and not exists (select from ops.move w where w.member_id = m.member_id)
    and not exists (select from live.guardianship g
        where g.guardian_id = m.member_id and ops.guards(g.member_id, g.guardian_id, :today))
"""
# `last_counted_on` may be behind what service_use knows, never ahead: the index finds whom to look
# at, and whoever was looked at for nothing is not looked at again.
_CATCH_UP = text(f"""
    update live.member t set last_counted_on = due.day from (
        select m.member_id, last.day from live.member m {_LAST}
        where (m.last_counted_on is null or m.last_counted_on <= :idle)
            and m.last_counted_on is distinct from last.day
        limit :most for update of m skip locked
    ) due where t.member_id = due.member_id
""")  # noqa: S608 (a constant)
_TO_TELL = text(f"""
    select m.member_id, last.day as last from live.member m {_LAST}
    where m.last_counted_on <= :idle and last.day <= :idle
        and not exists (select from ops.outbox n
            where n.member_id = m.member_id and n.key = :notice || ':' || last.day)
        {_SPARED}
    limit :most for update of m skip locked
""")  # noqa: S608 (a constant)
_DUE = f"""
    select m.member_id, m.last_counted_on as known, last.day as last,
        n.message_id, n.sent_at, n.sleeps_on
    from live.member m {_LAST}
    join ops.outbox n on n.member_id = m.member_id and n.key = :notice || ':' || last.day
    where m.last_counted_on <= :over and last.day <= :over
        and n.template = :notice and n.channel = 'email' and n.accepted
        and (n.sent_at at time zone 'Asia/Seoul')::date <= :told_by and n.sleeps_on <= :today
        {_SPARED}
"""  # noqa: S608 (a constant)
# In the order of an index, each batch from where the last one ended.
_PICK = text(f"""
    {_DUE} and (m.last_counted_on, m.member_id) > (:day, cast(:after as uuid))
    order by m.last_counted_on, m.member_id limit :most for update of m skip locked
""")
# What was written between that query's snapshot and its locks is seen by the next one only.
_USES = text("select from live.service_use where member_id = any(:picked) for update")
_STILL = text(f"{_DUE} and m.member_id = any(:picked)")
# A notice in vain counts as none once the member has another address: they are told anew.
_FORGET = text("""
    update ops.outbox n set key = null from live.profile_value v
    where n.template = 'dormancy_notice' and (n.bounced_at is not null or n.failed_at is not null)
        and n.key is not null
        and v.member_id = n.member_id and v.item = 'email' and v.sealed is not null
        and v.changed_at > coalesce(n.bounced_at, n.failed_at)
""")
# So does one that names a day on which, by a longer period that came into force since, nobody who
# was last here then may sleep yet: it is told anew, with another day.
_OUTDATED = text("""
    update ops.outbox n set key = null from live.member m
    where n.member_id = m.member_id and n.template = :notice and n.key is not null
        and n.sleeps_on <= (
            split_part(n.key, ':', 2)::date + make_interval(months => :months)
        )::date
""")


@dataclass(frozen=True)
class Done:
    """How many were told, and how many were separated."""

    told: int = 0
    separated: int = 0


def idle_by(rule: Dormancy, day: date) -> date:
    """Return the latest last use whose period is over on `day` (a Seoul day)."""
    last = day - timedelta(days=28 * rule.period.in_months)
    while rule.period.ends_on(last) >= day:
        last -= timedelta(days=1)
    return last


def sleeps_on(rule: Dormancy, last: date, told: date) -> date:
    """Return the day that a notice names: the period is over, and the notice old enough."""
    over = rule.period.ends_on(last) + timedelta(days=1)
    return max(over, told + timedelta(days=rule.notice_days + 1))


def _given(now: datetime) -> dict[str, Any]:
    today = seoul_day(now)
    rule = in_force(today).dormancy
    notice = timedelta(days=rule.notice_days + 1)
    return {
        "today": today, "notice": NOTICE, "most": AT_ONCE,
        "counted": [*rule.services_counted, rule.stay_by_app],
        "idle": idle_by(rule, today + notice), "over": idle_by(rule, today),
        "told_by": today - notice, "months": rule.period.in_months,
    }  # fmt: skip


def run(house: House, now: datetime) -> Done:
    """Tell who is due to be told, separate who is due to be; nothing while switched off.

    Killed at any instant and run again, or by several workers at once, it comes to the same.
    """
    moving.finish(house, now)
    if not settings().dormancy or _gone_back(house, now):
        return Done()
    given = _given(now)
    while _one(house, given) == AT_ONCE:
        pass
    with house.databases.data.begin() as data:
        data.execute(_FORGET)
        if _lengthened(seoul_day(now)):
            data.execute(_OUTDATED, given)
    told = sum(iter(lambda: tell(house, now), 0))
    return Done(told, sum(separate(house, now)))


def _gone_back(house: House, now: datetime) -> bool:
    """Return whether the clock shows a day that is over: then no day can be counted (P10)."""
    with house.databases.data.connect() as data:
        over = data.scalar(select(func.max(seal.c.day)))
    if over is None or seoul_day(now) > over:
        return False
    _log.error("the clock has gone back to a day that is over: nobody is told or put to sleep")
    return True


def _lengthened(today: date) -> bool:
    """Return whether an earlier version of the policy had a shorter period."""
    months = in_force(today).dormancy.period.in_months
    before = (one for one in policies() if one.in_force_from <= today)
    return any(one.dormancy.period.in_months < months for one in before)


def _one(house: House, given: dict[str, Any]) -> int:
    with house.databases.data.begin() as data:
        return data.execute(_CATCH_UP, given).rowcount


def tell(house: House, now: datetime) -> int:
    """Write the notices of at most `AT_ONCE` members; return how many were looked at."""
    today = seoul_day(now)
    rule = in_force(today).dormancy
    with house.databases.data.begin() as data, house.databases.keys.connect() as keys:
        due = data.execute(_TO_TELL, _given(now)).all()
        for row in due:
            day = sleeps_on(rule, row.last, today)
            params = {"day": str(day), "last": str(row.last), "app": rule.stay_by_app}
            message = outbox.Message(
                NOTICE, "email", DEFAULT, params, f"{NOTICE}:{row.last}", sleeps_on=day
            )
            try:
                _store, sealer = outbox.sealer_of(keys, house.keyring, row.member_id)
                notify.write(data, LIVE, (row.member_id, sealer), message, now)
            except (outbox.NoKeyError, SealError):
                _give_up(data, row.member_id, f"{NOTICE}:{row.last}", now)
        _note(data, [r.member_id for r in due], EventName.DORMANCY_TOLD, now)
    return len(due)


def _give_up(data: Connection, member_id: UUID, key: str, now: datetime) -> None:
    """Note that nobody could be told: nothing of theirs opens, so nothing is separated."""
    data.execute(
        text(
            "insert into ops.outbox (member_id, message_id, channel, template, language, "
            "created_at, failed_at, key) values (:member, gen_random_uuid(), 'email', :template, "
            "'ko', :now, :now, :key)"
        ),
        {"member": member_id, "template": NOTICE, "now": now, "key": key},
    )


def separate(house: House, now: datetime) -> Iterator[int]:
    """Move who is due to the dormant store, `AT_ONCE` in a transaction; yield how many moved.

    Whoever writes about one of them just now goes first; the next run takes that one.
    """
    given = _given(now) | {"day": date.min, "after": UUID(int=0)}
    while True:
        with house.databases.data.begin() as data:
            picked = data.execute(_PICK, given).all()
            ready = _apart(house, data, [row.member_id for row in picked], given, now)
        with house.databases.keys.begin() as keys:
            moving.settle(keys, ready, Store.DORMANT, now)
        yield len(ready)
        if len(picked) < AT_ONCE:
            return
        given |= {"day": picked[-1].known, "after": picked[-1].member_id}


def _apart(
    house: House, data: Connection, picked: list[UUID], given: dict[str, Any], now: datetime
) -> list[UUID]:
    """Move those of the locked members who are due; return who moved.

    Their rows are locked, then looked at: a use until that instant keeps them (P11).
    """
    if not picked:
        return []
    moving.give_way(data)
    mine = given | {"picked": picked}
    data.execute(_USES, mine)
    due = {row.member_id: row for row in data.execute(_STILL, mine)}
    with house.databases.keys.begin() as keys:
        ready = moving.rewrap(keys, house.keyring, list(due), Store.LIVE, Store.DORMANT)
    if ready:
        apart = {m: _separation(due[m], now) for m in ready}
        data.execute(insert(separation), list(apart.values()))
        moving.rows(data, ready, Store.LIVE, Store.DORMANT)
        case_lives.moved(data, ready, GrantEnded.SEPARATED, now)
        _note(data, ready, EventName.SEPARATED, now)
        _note_for_restore(data, apart, now)
    return ready


def _separation(row: Any, now: datetime) -> dict[str, Any]:  # noqa: ANN401 (a row)
    policy = in_force(seoul_day(now))
    return {
        "member_id": row.member_id, "notice_id": row.message_id, "noticed_at": row.sent_at,
        "notice_days": policy.dormancy.notice_days, "last_counted_on": row.last,
        "policy_version": policy.version, "separated_at": now,
        "sleeps_on": row.sleeps_on,
    }  # fmt: skip


def _note(data: Connection, members: Sequence[UUID], name: EventName, now: datetime) -> None:
    if members:
        one = {"at": now, "name": name, "allowed": True, "actor_kind": ActorKind.SYSTEM}
        data.execute(insert(event), [one | {"member_id": m} for m in members])


def _note_for_restore(data: Connection, apart: dict[UUID, dict[str, Any]], now: datetime) -> None:
    """Note the separations with the notices that the database wants to see them rest on (P10)."""
    ids = [row["notice_id"] for row in apart.values()]
    found = data.execute(
        select(notice).where(notice.c.member_id.in_(apart), notice.c.message_id.in_(ids))
    )
    notices = {row.member_id: row._mapping for row in found}  # noqa: SLF001 (SQLAlchemy's name)
    rows: dict[UUID, list[Row]] = {
        m: [(notice, notices[m]), (separation, row)] for m, row in apart.items()
    }
    journal.note_each(data, Noted.SEPARATED, now, rows)
