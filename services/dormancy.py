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
from services import dormancy_queries as queries
from services.language import DEFAULT
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from db.policy_facts import Dormancy
    from services.house import House
    from services.journal_rows import Row

_log = logging.getLogger("portal")
AT_ONCE: Final = 1000
"""Members in one transaction: the memory of a run does not grow with how many are due."""
START: Final[dict[str, Any]] = {"day": date.min, "after": UUID(int=0)}
"""Where the first batch begins."""


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


def given(now: datetime) -> dict[str, Any]:
    """Return what the queries are given on a day."""
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
    known = given(now)
    begin(house, known)
    with house.databases.data.begin() as data:
        data.execute(queries.FORGET)
        if _lengthened(seoul_day(now)):
            data.execute(queries.OUTDATED, known)
    told = sum(tell(house, now))
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


def begin(house: House, known: dict[str, Any]) -> None:
    """Note the last use that counts of whoever is new here, `AT_ONCE` in a transaction."""
    done = AT_ONCE
    while done == AT_ONCE:
        with house.databases.data.begin() as data:
            done = data.execute(queries.BEGIN, known).rowcount


def tell(house: House, now: datetime) -> Iterator[int]:
    """Write the notices of who is due, `AT_ONCE` in a transaction; yield how many were written."""
    known = given(now) | START
    while True:
        with house.databases.data.begin() as data, house.databases.keys.connect() as keys:
            picked = to_tell(data, known)
            came, due = _claim(data, known, [row.member_id for row in picked])
            for row in due:
                _tell(house, data, keys, row, now)
            _note(data, [r.member_id for r in due], EventName.DORMANCY_TOLD, now)
        yield len(due)
        if came:
            known |= START  # who was caught up may stand anywhere in that order
        elif len(picked) < AT_ONCE:
            return
        else:
            known |= after(picked)


def to_tell(data: Connection, known: dict[str, Any]) -> Sequence[Any]:
    """Return the next who may be to be told, by what their rows say."""
    return data.execute(queries.TO_TELL, known).all()


def _claim(data: Connection, known: dict[str, Any], picked: list[UUID]) -> tuple[int, list[Any]]:
    """Lock them; return how many have come since and were caught up, and who is to be told.

    Whoever somebody else writes about just now is told by the next run.
    """
    if not picked:
        return 0, []
    held = data.execute(queries.CLAIM, known | {"picked": picked}).all()
    came = [row.member_id for row in held if row.used]
    _catch_up(data, known, came)
    if told := [row.member_id for row in held if row.told and not row.used]:
        data.execute(queries.TOLD, {"picked": told})  # what they used since doesn't count
    return len(came), [row for row in held if not row.used and not row.told]


def _catch_up(data: Connection, known: dict[str, Any], members: list[UUID]) -> None:
    """Note newer uses of locked members."""
    if members:
        data.execute(queries.CATCH_UP, known | {"picked": members})


def _tell(house: House, data: Connection, keys: Connection, row: Any, now: datetime) -> None:  # noqa: ANN401 (a row)
    today = seoul_day(now)
    rule = in_force(today).dormancy
    day, key = sleeps_on(rule, row.last, today), f"{NOTICE}:{row.last}"
    params = {"day": str(day), "last": str(row.last), "app": rule.stay_by_app}
    message = outbox.Message(NOTICE, "email", DEFAULT, params, key, sleeps_on=day)
    try:
        _store, sealer = outbox.sealer_of(keys, house.keyring, row.member_id)
        notify.write(data, LIVE, (row.member_id, sealer), message, now)
    except (outbox.NoKeyError, SealError):
        _give_up(data, row.member_id, key, now)


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
    known = given(now) | START
    while True:
        picked: Sequence[Any] = ()
        ready: list[UUID] = []
        with moving.later_if_busy(), house.databases.data.begin() as data:
            picked = data.execute(queries.PICK, known).all()
            ready = _apart(house, data, [row.member_id for row in picked], known, now)
        with house.databases.keys.begin() as keys:
            moving.settle(keys, ready, Store.DORMANT, now)
        yield len(ready)
        if len(picked) < AT_ONCE:
            return
        known |= after(picked)


def after(batch: Sequence[Any]) -> dict[str, Any]:
    """Return from where the next batch goes on."""
    return {"day": batch[-1].known, "after": batch[-1].member_id}


def _apart(
    house: House, data: Connection, picked: list[UUID], known: dict[str, Any], now: datetime
) -> list[UUID]:
    """Move those of the locked members who are due; return who moved.

    Their rows are locked, then looked at: a use until that instant keeps them (P11).
    """
    if not picked:
        return []
    moving.give_way(data)
    mine = known | {"picked": picked}
    data.execute(queries.USES, mine)
    due = {row.member_id: row for row in data.execute(queries.STILL, mine)}
    _catch_up(data, known, [one for one in picked if one not in due])
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
