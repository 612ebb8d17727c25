"""Makes many made-up members, sealed as real ones are, to measure a large installation.

The same seed makes the same people and records; their keys are fresh each time, as all keys are.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from itertools import islice
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from db import copying, policy, writer
from db.clock import seoul_day
from db.drafts import DeviceDraft, MemberDraft, Origin, RecordDraft, UseDraft, ValueDraft
from db.errors import PortalError
from db.tables import keys
from db.tables.member import LIVE
from db.words import N_, RecordKind, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    from db.engines import Databases
    from db.keyring import Keyring
    from db.writer import Row

BATCH = 1000
"""Members in one transaction."""

_FAMILY = ("김", "이", "박", "최", "정", "강", "조", "윤", "장", "임")
_GIVEN = ("서연", "지우", "하은", "민서", "수빈", "예린", "도윤", "시우", "은호", "다온")
_CALLED = ("봄날맘", "튼튼이엄마", "콩이네", "햇살가득", "별이아빠", "초보맘", "두둥실", "숲속둥이")
_STREETS = ("새문안로", "테헤란로", "한밭대로", "중앙대로", "첨단과기로", "월드컵북로")
_BABIES = ("튼튼이", "콩이", "봄이", "별이", "하늘이")
_SERVICES = ("엄마와", "클래스파트라", "아기상점")
_GOODS = (
    "기저귀 한 상자",
    "이유식 12팩",
    "육아 강의 한 달 이용권",
    "아기 물티슈 10팩",
    "동화책 세트",
)
_PAID = ("신용카드", "휴대전화 결제", "계좌 이체")
_KINDS = (
    *[RecordKind.PAYMENT] * 6, *[RecordKind.CONTRACT] * 2, RecordKind.COMPLAINT,
    *[RecordKind.ADVERTISEMENT] * 4, *[RecordKind.VISIT] * 6, RecordKind.IDENTITY_CHECK,
)  # fmt: skip


class PopulatedError(PortalError):
    """Members of this seed are there already."""


def _uuid(chance: Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)


@lru_cache(maxsize=4096)
def _ends_on(kind: RecordKind, day: date) -> date:
    return policy.in_force(day).rule(kind).ends_on(day)


@lru_cache(maxsize=4096)
def _days(kind: RecordKind, today: date) -> int:
    """Return how many days ago the oldest record of a kind that is still kept happened."""
    return next(n for n in range(2000, -1, -1) if _ends_on(kind, today - timedelta(n)) >= today)


def _fields(kind: RecordKind, chance: Random, address: str) -> dict[str, str]:
    what = chance.choice(_GOODS)
    return {
        RecordKind.PAYMENT: {"what": what, "amount": f"{chance.randrange(5, 90) * 1000:,}",
                             "method": chance.choice(_PAID), "address": address},
        RecordKind.CONTRACT: {"what": what, "action": "청약"},
        RecordKind.COMPLAINT: {"subject": f"{what}: 늦게 왔어요", "answer": "다시 보내 드렸어요"},
        RecordKind.IDENTITY_CHECK: {"means": "휴대전화", "result": "확인"},
        RecordKind.ADVERTISEMENT: {"title": f"{what}, 이번 주만 싸게", "channel": "email"},
        RecordKind.VISIT: {"page": "/diary", "network": f"203.0.113.{chance.randrange(256)}"},
    }[kind]  # fmt: skip


def _record(chance: Random, today: date, address: str, origin: Origin) -> RecordDraft:
    kind = chance.choice(_KINDS)
    day = today - timedelta(chance.randrange(_days(kind, today) + 1))
    fields = _fields(kind, chance, address)
    return RecordDraft(_uuid(chance), kind, day, _ends_on(kind, day), fields, origin)


def _values(chance: Random, number: int, seed: int, address: str) -> dict[str, str]:
    return {
        "login_id": f"made{seed}-{number}",
        "nickname": chance.choice(_CALLED),
        "email": f"made{seed}.{number}@example.com",
        "mobile": f"010{chance.randrange(10**8):08}",
        "address": address,
        "name": chance.choice(_FAMILY) + chance.choice(_GIVEN),
        "birth_date": f"{chance.randrange(1975, 2005)}-{chance.randrange(1, 13):02}-"
        f"{chance.randrange(1, 29):02}",
        "sex": chance.choice(("female", "male")),
        "baby_name": chance.choice(_BABIES),
    }


def made_up(number: int, seed: int, records: int, now: datetime) -> MemberDraft:
    """Return the made-up member of this number, always the same."""
    chance = Random(f"{seed}-{number}")  # noqa: S311 (nobody's secret)
    today = seoul_day(now)
    joined = today - timedelta(chance.randrange(2000))
    origin = Origin(Source.APP, joined, policy.in_force(today).version, chance.choice(_SERVICES))
    address = f"{chance.choice(_STREETS)} {chance.randrange(1, 400)}, {chance.randrange(1, 30)}층"
    return MemberDraft(
        _uuid(chance),
        now,
        joined,
        values=tuple(
            ValueDraft(item, text, origin)
            for item, text in _values(chance, number, seed, address).items()
        ),
        records=tuple(_record(chance, today, address, origin) for _ in range(records)),
        devices=(DeviceDraft(_uuid(chance), f"IMEI-{chance.randrange(10**15):015}", None, origin),),
        uses=(UseDraft(origin.service or "", joined, today - timedelta(chance.randrange(300))),),
    )


def batches(
    keyring: Keyring, count: int, seed: int, records: int, now: datetime
) -> Iterator[dict[str, list[Row]]]:
    """Return the rows of `count` members by table name, sealed, `BATCH` members at a time."""
    drafts = (made_up(number, seed, records, now) for number in range(count))
    while batch := list(islice(drafts, BATCH)):
        yield writer.sealed(keyring, batch)


def store(databases: Databases, tables: dict[str, list[Row]]) -> None:
    """Copy the rows of a batch in; keys first, so that no row is ever without its key."""
    with databases.keys.begin() as connection:
        for table in (keys.member_key, keys.blind_index):
            copying.copy_in(connection, table, tables.get(table.name, []))
    with databases.data.begin() as connection:
        for table in LIVE.all:
            copying.copy_in(connection, table, tables.get(table.name, []))


def populate(  # noqa: PLR0913 (who, how many, of which seed, and when)
    databases: Databases, keyring: Keyring, count: int, *, seed: int, records: int, now: datetime,
    progress: Callable[[int], None],
) -> None:  # fmt: skip
    """Write `count` members, `progress` hearing how many are there, as `portal_work`.

    Raise `PopulatedError` when this seed was used before.
    """
    first = made_up(0, seed, 0, now).member_id
    with databases.data.connect() as connection:
        if connection.scalar(select(LIVE.member.c.member_id).filter_by(member_id=first)):
            raise PopulatedError(
                N_("The members of seed {seed} are there already. Give another --seed."), seed=seed
            )
    done = 0
    for tables in batches(keyring, count, seed, records, now):
        store(databases, tables)
        done += len(tables["member"])
        progress(done)
