"""Members by the million, some thousands due on each of a few days, written set by set in SQL.

Keys are real, so that members can move; what they seal is one sealed value, copied: nothing here
opens it. On day `n` (from `DAY` on) `DUE` members become due to sleep, `DUE` records come to their
end, and `DUE` members who left are kept no longer. `DUE` more wait to be told. A member's values
lie together, since they came when they joined, and what is kept of who left, since it was put away
at once; records lie as they came, one by one.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import text

from db import copying, policy
from db.asleep import NOTICE
from db.clock import SEOUL
from db.tables.keys import member_key
from db.words import Store

if TYPE_CHECKING:
    from uuid import UUID

    from bench.installation import Installation

DUE = 10_000
DAYS = 6
DAY = date(2026, 11, 23)
RULE = policy.in_force(DAY).dormancy
_CHUNK = 50_000
_ITEMS = ["login_id", "nickname", "email", "mobile", "address", "name", "birth_date", "sex",
          "baby_name"]  # fmt: skip
_LIVE = (
    """insert into live.member (member_id, joined_on, last_used_on, usage_told_on,
           last_counted_on, told_for, created_at)
       select member_id, date '2020-01-01', last, :today, last,
           case when turn < :days then last end, now()
       from (select member_id, turn, case
           when turn < :days then :over + turn when turn = :days then :idle
           else :today - (n % 300)::int end as last from who) w""",
    """insert into live.profile_value (member_id, item, seq, sealed, changed_at, source, service,
           obtained_on, policy_version)
       select member_id, item, 0, decode(repeat('5a', 60), 'hex'), now(), 'app', '엄마와',
           date '2024-01-01', '2021-03-15'
       from who, unnest(cast(:items as text[])) item order by n""",
    """insert into live.record (member_id, record_id, kind, event_date, ends_on, sealed, source,
           service, obtained_on, policy_version)
       select member_id, gen_random_uuid(), case when r = 0 then 'visit' else 'payment' end,
           date '2026-08-01', case when r = 0 and turn < :days
               then cast(:today as date) + turn - 1
               else date '2031-01-01' - (n % 900)::int end,
           decode(repeat('a5', 160), 'hex'), 'app', '엄마와', date '2024-01-01', '2021-03-15'
       from who, generate_series(0, 9) r""",
    """insert into live.service_use (member_id, service, since, last_used_on)
       select member_id, '엄마와', date '2020-01-01', last_counted_on
       from who join live.member using (member_id)""",
    """insert into live.device (member_id, device_row_id, sealed)
       select member_id, gen_random_uuid(), decode(repeat('5a', 48), 'hex') from who""",
    """insert into live.consent (member_id, consent_id, kind, granted, decided_at)
       select member_id, gen_random_uuid(), 'marketing', true, now() from who""",
    """insert into ops.outbox (member_id, message_id, channel, template, language, created_at,
           sent_at, key, sleeps_on)
       select member_id, gen_random_uuid(), 'email', :notice, 'ko', cast(:sent as timestamptz),
           cast(:sent as timestamptz), :notice || ':' || (cast(:over as date) + turn),
           cast(:today as date) + turn
       from who where turn < :days""",
)
_LEFT = (
    """insert into retained.member (member_id, created_at) select member_id, now() from who""",
    """insert into retained.profile_value (member_id, item, seq, sealed, ends_on, policy_version)
       select member_id, item, 0, decode(repeat('5a', 60), 'hex'),
           case when turn < :days then cast(:today as date) + turn - 1
               else date '2027-06-01' + (n % 150)::int end, '2021-03-15'
       from who, unnest(cast(:items as text[])) item order by n""",
    """insert into retained.record (member_id, record_id, kind, event_date, ends_on, sealed,
           policy_version)
       select member_id, gen_random_uuid(), 'payment', date '2021-11-01',
           case when turn < :days then cast(:today as date) + turn - 1
               else date '2027-06-01' + (n % 150)::int end,
           decode(repeat('a5', 160), 'hex'), '2021-03-15'
       from who, generate_series(0, 9) r order by n""",
)
_INDEX = (
    "insert into keys.blind_index (kind, digest, member_id) "
    "select kind, sha256(uuid_send(member_id) || convert_to(kind, 'utf8')), member_id "
    "from keys.member_key, unnest(array['email', 'mobile', 'login_id']) kind"
)


def at(day: int) -> datetime:
    """Return noon of a day on which something is due, from 0 on."""
    return datetime.combine(DAY + timedelta(day), datetime.min.time(), SEOUL) + timedelta(hours=12)


def last_use(day: int) -> date:
    """Return the last use of who becomes due to sleep on a day."""
    last = DAY + timedelta(day - 366)
    while RULE.period.ends_on(last) < DAY + timedelta(day) - timedelta(1):
        last += timedelta(1)
    return last


def fill(place: Installation, members: int, left: int, due: int = DUE) -> None:
    """Write so many members who are here, and so many who left; then let the server settle."""
    _write(place, members, Store.LIVE, due)
    _write(place, left, Store.RETAINED, due)
    with place.owner.keys.begin() as keys:
        keys.execute(text("set session_replication_role = replica"))
        keys.execute(text(_INDEX))
    place.settle()


def _write(place: Installation, count: int, store: Store, due: int) -> None:
    """Turn by turn: of all that are due on some day, one in every so many."""
    groups = DAYS + 1 if store is Store.LIVE else DAYS
    every = max(1, count // due)
    given = {
        "days": DAYS, "today": DAY, "over": last_use(0), "items": _ITEMS, "notice": NOTICE,
        "sent": at(-RULE.notice_days - 2), "idle": last_use(20),
    }  # fmt: skip
    ids = sorted(uuid4() for _ in range(count))  # in the order of every index: ten times faster
    for first in range(0, count, _CHUNK):
        some = list(enumerate(ids[first : first + _CHUNK], first))
        _keys(place, [one for _n, one in some], store)
        with place.owner.data.begin() as data:
            data.execute(text("set session_replication_role = replica"))
            data.execute(text("create temporary table who (n bigint, member_id uuid, turn int)"))
            with (
                copying.driver(data).cursor() as cursor,
                cursor.copy("copy who from stdin") as copy,
            ):
                for n, one in some:
                    copy.write_row((n, str(one), n % every if n % every < groups else 99))
            for statement in _LIVE if store is Store.LIVE else _LEFT:
                names = {k: v for k, v in given.items() if f":{k}" in statement}
                data.execute(text(statement), names)
            data.execute(text("drop table who"))


def _keys(place: Installation, members: list[UUID], store: Store) -> None:
    rows = [
        {"member_id": one, "store": store, "wrapped": place.keyring.new_sealer(store, one)[1],
         "created_at": at(0)}
        for one in members
    ]  # fmt: skip
    with place.owner.keys.begin() as keys:
        copying.copy_in(keys, member_key, rows)
