"""Whom we may contact among a million members, beside the same filter written by hand in SQL."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from bench.timing import Measure, in_turn
from db import engines, migrate
from db.clock import SEOUL, seoul_day
from db.consent_terms import confirmed_since
from db.words import Channel, Purpose
from services.audience import audience
from services.commands.scratch import scratch_server

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from bench.installation import Installation

MEMBERS = 1_000_000
ROUNDS = 5
AT = datetime(2026, 11, 23, 12, tzinfo=SEOUL)
# The ids first, then everybody's rows of a table at once; foreign keys were right before.
_MADE = (
    "set session_replication_role = replica",
    """insert into live.member (member_id, created_at, turns_14_on)
       select uuidv7(), now(), case when n % 50 = 0 then date '2030-01-01' end
       from generate_series(1, :members) n""",
    "create temporary table who as select member_id, row_number() over () as n from live.member",
    """insert into live.profile_value (member_id, item, seq, sealed, cleared_at)
       select member_id, item, 0, case when n % 20 > 0 then '\\x00'::bytea end,
           case when n % 20 = 0 then now() end
       from who, unnest(array['email', 'mobile']) item""",
    """insert into live.guardianship (member_id, guardian_id, started_on, proof)
       select member_id, gen_random_uuid(), date '2024-01-01', n % 100 > 0
       from who where n % 50 = 0""",
    """insert into live.restriction (member_id, restriction_id, item, purpose, started_at, ended_at)
       select member_id, gen_random_uuid(), case when n % 3 = 0 then 'mobile' end,
           case when n % 2 = 0 then 'events' end, now() - interval '1 month',
           case when n % 5 = 0 then now() end
       from who where n % 60 = 0""",
    """insert into live.consent (member_id, consent_id, kind, channel, item, granted, decided_at,
           wording)
       select member_id, gen_random_uuid(), k.kind, k.channel, k.item, (n + k.part) % 10 < k.tenths,
           timestamptz '2026-11-01' - ((n * 7 + k.part * 131) % 1000) * interval '1 day',
           '새 서비스와 이벤트 소식을 받는 데 동의해요. 동의하지 않아도 그대로 쓸 수 있어요.'
       from who, (values ('marketing', null, null, 7, 1), ('advertising', 'email', null, 6, 2),
           ('advertising', 'sms', null, 5, 3), ('advertising_night', 'sms', null, 2, 4),
           ('marketing', null, null, 5, 5), ('collection', null, 'mobile', 9, 6)
       ) k (kind, channel, item, tenths, part)
       where k.part < 5 or n % 8 = 0""",
    "set session_replication_role = default",
)
_BY_HAND = """
    select count(*) from live.member m
    where exists (select from live.profile_value v where v.member_id = m.member_id
            and v.item = 'mobile' and v.seq = 0 and v.sealed is not null)
        and not (coalesce(m.turns_14_on > :today, false) and not exists (
            select from live.guardianship g where g.member_id = m.member_id and g.proof
            and (g.ended_on is null or g.ended_on > :today)))
        and not exists (select from live.restriction r where r.member_id = m.member_id
            and r.ended_at is null and r.started_at < :tomorrow
            and (r.item is null or r.item = 'mobile')
            and (r.purpose is null or r.purpose = 'events'))
        and m.member_id in (select member_id from (
            select distinct on (member_id, kind) member_id, kind, granted, decided_at, ends_on
            from live.consent
            where recipient is null and item is null and decided_at is not null and (
                kind = 'marketing' and channel is null or kind = 'advertising' and channel = 'sms')
            order by member_id, kind, decided_at desc, granted, ends_on) c
            where granted and (ends_on is null or ends_on >= :today)
                and (kind = 'marketing' or decided_at >= :since)
            group by member_id having count(*) = 2)
        and m.member_id not in (select member_id from (
            select distinct on (member_id, item) member_id, granted, ends_on
            from live.consent where kind = 'collection' and channel is null and recipient is null
                and item = 'mobile'
            order by member_id, item, decided_at desc nulls last, granted) o
            where not granted or ends_on < :today)
"""


def measure(_place: Installation) -> Measure:
    """Return how long both take to count them, as the worker, on a server of their own."""
    with scratch_server() as (server, var):
        addresses = engines.embedded_addresses(server, var)
        migrate.upgrade(addresses)
        owner, work = (
            engines.connect(addresses.owner),
            engines.connect(addresses.roles["portal_work"]),
        )
        try:
            _fill(owner.data)
            return _beside(work.data)
        finally:
            owner.dispose()
            work.dispose()


def _fill(owner: Engine) -> None:
    with owner.begin() as connection:
        for statement in _MADE:
            bound = {"members": MEMBERS} if ":members" in statement else {}
            connection.execute(text(statement), bound)
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))


def _beside(work: Engine) -> Measure:
    ours = select(func.count()).select_from(audience(Purpose.EVENTS, Channel.SMS, AT).subquery())
    today = seoul_day(AT)
    given = {
        "today": today,
        "since": datetime.combine(confirmed_since(today), AT.time().min, SEOUL),
        "tomorrow": datetime(2026, 11, 24, tzinfo=SEOUL),
    }
    found: dict[str, int] = {}
    with work.connect() as connection:

        def mine() -> None:
            found["mine"] = connection.scalar(ours) or 0

        def by_hand() -> None:
            found["by hand"] = connection.scalar(text(_BY_HAND), given) or 0

        value, floor = in_turn([mine, by_hand], ROUNDS, warm=1)
    if len(set(found.values())) != 1:
        msg = f"the two filters do not agree, so their times mean nothing: {found}"
        raise RuntimeError(msg)
    return Measure.of(value, floor)
