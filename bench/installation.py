"""A throw-away installation with made-up members, so that measuring touches nobody's data."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import insert, text

from db import company_keys, engines, keyring, migrate, writer
from db.drafts import DeviceDraft, MemberDraft, Origin, RecordDraft, UseDraft, ValueDraft
from db.sealing import digest
from db.tables.ops import session
from db.words import ActorKind, RecordKind, Source, Store
from pages.http.names import SESSION_COOKIE
from services.actor import Actor
from services.commands.scratch import scratch_server
from services.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
ORIGIN = Origin(Source.APP, date(2024, 3, 2), "2021-03-15", "엄마와")
VALUES = {
    "nickname": "봄날",
    "address": "서울특별시 종로구 새문안로 1길 2, 103동 405호",
    "name": "김보미",
    "phone": "02-345-6789",
    "sex": "female",
    "birth_date": "1990-04-05",
    "pregnancy": "pregnant",
    "baby_name": "봄이",
    "baby_date": "2027-02-03",
    "mother_category": "예비맘",
}
FIELDS = {
    RecordKind.PAYMENT: {"what": "기저귀 한 상자", "amount": "39,000", "method": "카드"},
    RecordKind.VISIT: {"page": "임신 달력", "network": "203.0.113.9"},
}


@dataclass(frozen=True)
class Installation:
    """The databases as each process of the portal has them, and every key."""

    web: engines.Databases
    work: engines.Databases
    keyring: keyring.Keyring
    owner: engines.Databases
    var: Path

    def sign_in(self, member_id: UUID) -> str:
        """Return the cookie of a browser in which this member proved just now who they are."""
        token, now = secrets.token_urlsafe(16), datetime.now(UTC)
        row = {
            "session_id": uuid4(), "token_digest": digest(token), "member_id": member_id,
            "store": Store.LIVE, "started_at": now, "last_active_at": now, "signed_in_at": now,
            "verified_at": now,
        }  # fmt: skip
        with self.work.data.begin() as data:
            data.execute(insert(session).values(row))
        return f"{SESSION_COOKIE[False]}={token}"

    def settle(self) -> None:
        """Vacuum, analyze and write out, as the server does by itself when members have come."""
        for engine in (self.owner.data, self.owner.keys):
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("vacuum (analyze)"))
                connection.execute(text("checkpoint"))

    def join(self, members: Sequence[MemberDraft]) -> None:
        """Write members as the importer does: sealed, keys first."""
        with self.work.keys.begin() as keys, self.work.data.begin() as data:
            writer.write(data, keys, self.keyring, members)


@contextmanager
def installation() -> Iterator[Installation]:
    """Give an empty installation; this process is the portal's, with the live key alone."""
    with scratch_server() as (server, var):
        addresses = engines.embedded_addresses(server, var)
        migrate.upgrade(addresses)
        keyring.create(var / "keys")
        company_keys.create(var / "keys")
        made = Installation(
            engines.connect(addresses.roles["portal_web"]),
            engines.connect(addresses.roles["portal_work"]),
            keyring.load(var / "keys", tuple(Store)),
            engines.connect(addresses.owner),
            var,
        )
        open_house(House(made.web, keyring.load(var / "keys", (Store.LIVE,))))
        try:
            yield made
        finally:
            made.web.dispose()
            made.work.dispose()
            made.owner.dispose()


def member(records: int) -> MemberDraft:
    """Return a made-up member with that many records, of two kinds in turn."""
    kinds = tuple(FIELDS)
    numbers = uuid4()
    found = {
        **VALUES,
        "email": f"{numbers.hex}@example.com",
        "login_id": numbers.hex[:12],
        "mobile": f"010{numbers.int % 10**8:08}",
    }
    return MemberDraft(
        uuid4(),
        NOW,
        date(2024, 3, 2),
        values=tuple(ValueDraft(item, value, ORIGIN) for item, value in found.items()),
        records=tuple(_record(kinds[n % len(kinds)], n) for n in range(records)),
        devices=(DeviceDraft(uuid4(), "IMEI-350000000000000", None, ORIGIN),),
        uses=(UseDraft("엄마와", date(2024, 3, 2), date(2026, 11, 1)),),
    )


def _record(kind: RecordKind, number: int) -> RecordDraft:
    day = date(2026, 1 + number % 10, 1 + number % 28)
    return RecordDraft(uuid4(), kind, day, day.replace(year=2031), FIELDS[kind], ORIGIN)


def themselves(member_id: UUID) -> Actor:
    """Return a member in a session of their own."""
    return Actor(ActorKind.SELF, member_id, uuid4(), NOW)
