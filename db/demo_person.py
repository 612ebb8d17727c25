"""What the demo's people are made with: days counted from today, ids, names from a fixed seed."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from faker import Faker

from db.clock import SEOUL, seoul_day
from db.demo_companies import IDS, MAIN
from db.drafts import (
    ConsentDraft,
    DeviceDraft,
    DisclosureDraft,
    Origin,
    RecordDraft,
    ValueDraft,
)
from db.words import ActorKind, Channel, ConsentKind, RecordKind, Source

if TYPE_CHECKING:
    from uuid import UUID

    from db.importer.rules import Identities, Rules
    from db.words import Ground, Purpose

_SEED = 20210315
_WORDING = "[가상] 안내문을 읽었고, 여기에 적힌 대로 쓰는 데 동의해요."


@dataclass(frozen=True)
class Demo:
    """One made-up person; `people` holds everybody's id by account name."""

    account: str
    people: dict[str, UUID]
    now: datetime
    ids: Identities
    rules: Rules

    @property
    def member_id(self) -> UUID:
        """Return this person's id."""
        return self.people[self.account]

    @property
    def today(self) -> date:
        """Return the day in Seoul."""
        return seoul_day(self.now)

    @cached_property
    def fake(self) -> Faker:
        """Return a source of Korean names and addresses, the same at every run."""
        fake = Faker("ko_KR")
        fake.seed_instance(f"{_SEED}:{self.account}")
        return fake

    def ago(self, days: int) -> date:
        """Return the day so many days before today."""
        return self.today - timedelta(days=days)

    def ahead(self, days: int) -> date:
        """Return the day so many days after today."""
        return self.today + timedelta(days=days)

    def birthday(self, age: int) -> date:
        """Return a birth date of somebody of `age` years, half a year after their birthday."""
        return date(self.today.year - age, self.today.month, 1) - timedelta(days=180)

    def id(self, what: str) -> UUID:
        """Return an id for one of this person's rows."""
        return self.ids.row(self.account, what)

    def origin(
        self,
        source: Source | None,
        days: int | None,
        service: str | None = MAIN,
        partner: str | None = None,
    ) -> Origin:
        """Return how something was obtained, so many days ago; None for what nobody recorded."""
        day = None if days is None else self.ago(days)
        return Origin(source, day, self.rules.version_on(day), service, partner)

    def value(self, item: str, text: str, origin: Origin, seq: int = 0) -> ValueDraft:
        """Return a value of an item."""
        return ValueDraft(item, text, origin, seq)

    def record(
        self, kind: RecordKind, event: date, service: str | None = MAIN, **fields: str
    ) -> RecordDraft:
        """Return a record of something that happened on a day."""
        origin = Origin(Source.WEB, event, self.rules.version_on(event), service)
        name = f"{kind}:{event}:{sorted(fields.items())}"
        ends_on = self.rules.ends_on(kind, event)
        return RecordDraft(self.id(name), kind, event, ends_on, fields, origin)

    def ending_in(self, kind: RecordKind, days: int) -> date:
        """Return the event's day of a record of `kind` that ends in so many days."""
        wanted = self.today + timedelta(days=days)
        day = self.ago(5 * 366 + 40)
        while self.rules.ends_on(kind, day) < wanted:
            day += timedelta(days=1)
        return day

    def device(self, identifier: str, used: int, origin: Origin) -> DeviceDraft:
        """Return a device last used so many days ago."""
        return DeviceDraft(self.id(f"device:{identifier}"), identifier, self.ago(used), origin)

    def consent(  # noqa: PLR0913 (a consent has many sides, each by its name)
        self,
        kind: ConsentKind,
        days: int | None,
        *,
        granted: bool = True,
        channel: Channel | None = None,
        recipient: str | None = None,
        item: str | None = None,
        ends_on: date | None = None,
        by: ActorKind = ActorKind.SELF,
    ) -> ConsentDraft:
        """Return a consent decided so many days ago; without days, no evidence is on record."""
        name = f"consent:{kind}:{channel}:{recipient}:{item}"
        company = IDS[recipient] if recipient else None
        if days is None:
            return ConsentDraft(self.id(name), kind, granted, None, channel, company, item)
        day = self.ago(days)
        decided_at = datetime(day.year, day.month, day.day, 10, 30, tzinfo=SEOUL)
        return ConsentDraft(
            self.id(name), kind, granted, decided_at, channel, company, item, ends_on, _WORDING,
            self.rules.version_on(day), "ko", by, Source.WEB,
        )  # fmt: skip

    def disclosure(
        self,
        recipient: str,
        items: tuple[str, ...],
        days: int,
        why: tuple[Purpose, Ground],
        *,
        until: date | None = None,
        ground_id: UUID | None = None,
    ) -> DisclosureDraft:
        """Return what a recipient was given so many days ago, and keeps `until` a day."""
        name = f"disclosure:{recipient}:{days}"
        return DisclosureDraft(
            self.id(name), IDS[recipient], items, self.ago(days), *why, until, Source.WEB, ground_id
        )


def picture(side: int = 48) -> str:
    """Return a small made-up PNG image (a sun over a hill) as base64 text."""
    rows = b"".join(
        b"\0" + b"".join(_pixel(x / side, y / side) for x in range(side)) for y in range(side)
    )
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*p) for p in parts)).decode()


def _pixel(x: float, y: float) -> bytes:
    sun, hill = (x - 0.5) ** 2 + (y - 0.42) ** 2 < 0.06, y > 0.72 + 0.12 * (x - 0.5)  # noqa: PLR2004 (a drawing)
    return bytes((120, 170, 120) if hill else (250, 200, 90) if sun else (205, 228, 245))


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
