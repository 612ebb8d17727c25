"""Seals the ledger: once a day, a signed Merkle root over the day's events, chained to the last.

What a day's seal lists: every event that the sealing transaction sees, whose `at` is before the
day's end and not before `reach` of the seal before, and that the seal before does not list, in the
order of `event_id`. An event whose transaction ended after its day was sealed is thus in the next
seal. Numbers that a rolled back transaction used up are in no list, so they are never missing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, or_, select, text

from db.clock import SEOUL, seoul_day
from db.tables.ledger import event as events
from db.tables.ledger import seal as seals
from db.tables.ledger import seal_part as parts
from services import merkle
from services.leaf import LEAF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, RowMapping, Select

    from db.seal_keys import Signer

PART = 1024
"""Events in a part of a list: a power of two, so that the parts' roots are nodes of the tree."""
LATE = timedelta(hours=1)
"""No transaction that writes an event lasts longer than this, nor do two clocks differ by more."""
NOTHING_BEFORE = bytes(merkle.HASH_BYTES)
"""`previous` of the first seal."""

_LOCK = text("select pg_advisory_xact_lock(7251105)")


@dataclass(frozen=True)
class Seal:
    """One day's seal. `root` and `previous` are 32 bytes, `signature` 64 (Ed25519)."""

    day: date
    events: int
    first_event_id: int | None
    last_event_id: int | None
    root: bytes
    previous: bytes
    key_id: str
    sealed_at: datetime
    signature: bytes = b""

    @property
    def statement(self) -> bytes:
        """Return what is signed."""
        return (
            f"jikim seal 1\nday {self.day}\nevents {self.events}\nfirst {self.first_event_id}\n"
            f"last {self.last_event_id}\nroot {self.root.hex()}\nprevious {self.previous.hex()}\n"
            f"key {self.key_id}\nsealed {self.sealed_at.astimezone(UTC).isoformat()}\n"
        ).encode()

    @property
    def digest(self) -> bytes:
        """Return what the next seal calls its `previous`."""
        return sha256(self.statement).digest()

    @property
    def reach(self) -> datetime:
        """Return the earliest `at` that the next seal may list."""
        return min(ends(self.day), self.sealed_at - LATE)

    def as_row(self) -> dict[str, Any]:
        """Return the columns."""
        return dict(self.__dict__)

    def as_json(self) -> dict[str, Any]:
        """Return the seal in plain words of JSON."""
        plain = {k: v.hex() if isinstance(v, bytes) else v for k, v in self.__dict__.items()}
        return plain | {"day": str(self.day), "sealed_at": self.sealed_at.isoformat()}


def from_row(row: RowMapping) -> Seal:
    """Return the seal of a row."""
    return Seal(**row)


def from_json(plain: dict[str, Any]) -> Seal:
    """Return the seal that `as_json` wrote. Raise `ValueError`, `KeyError` or `TypeError`."""
    binary = {k: bytes.fromhex(plain[k]) for k in ("root", "previous", "signature")}
    when = {
        "day": date.fromisoformat(plain["day"]),
        "sealed_at": datetime.fromisoformat(plain["sealed_at"]),
    }
    return Seal(**(plain | binary | when))


def line(one: Seal) -> str:
    """Return the seal as one line of a copy."""
    return json.dumps(one.as_json()) + "\n"


def ends(day: date) -> datetime:
    """Return the instant at which a day in Seoul is over."""
    return datetime.combine(day + timedelta(days=1), time(), SEOUL)


def latest(connection: Connection) -> Seal | None:
    """Return the newest seal."""
    newest = select(seals).order_by(seals.c.day.desc()).limit(1)
    row = connection.execute(newest).mappings().one_or_none()
    return from_row(row) if row else None


def next_day(connection: Connection, signer: Signer, now: datetime) -> Seal | None:
    """Seal the oldest day that is over and has no seal; return None when there is none.

    Two workers at once: the second waits, then finds the day done.
    """
    connection.execute(_LOCK)
    before = latest(connection)
    day = _after(connection, before)
    if day is None or day >= seoul_day(now):
        return None
    return _seal(connection, signer, day, before, now)


def unsealed_from(connection: Connection) -> date | None:
    """Return the first day without a seal; None while there is no event at all."""
    return _after(connection, latest(connection))


def _after(connection: Connection, before: Seal | None) -> date | None:
    if before is not None:
        return before.day + timedelta(days=1)
    first = connection.scalar(select(func.min(events.c.at)))
    return seoul_day(first) if first else None


def _of_day(day: date, before: Seal | None) -> Select[tuple[int, bytes]]:
    """Return the statement that finds what the seal of `day` lists, each with its leaf."""
    found = select(events.c.event_id, LEAF).where(events.c.at < ends(day))
    if before is not None:
        listed = select(func.unnest(parts.c.event_ids)).where(parts.c.day == before.day)
        # Asked only of the few whose own day is sealed; the list is hashed once.
        new = or_(events.c.at >= ends(before.day), events.c.event_id.not_in(listed))
        found = found.where(events.c.at >= before.reach, new)
    return found.order_by(events.c.event_id)


def _part_rows(connection: Connection, day: date, before: Seal | None) -> Iterator[dict[str, Any]]:
    """Give the parts of the day's list, never more than one in memory."""
    streamed = connection.execute(_of_day(day, before), execution_options={"yield_per": PART})
    for number, rows in enumerate(streamed.partitions()):
        ids = [row.event_id for row in rows]
        leaves = b"".join(merkle.leaf(row.leaf) for row in rows)
        yield {
            "day": day, "part": number, "first_event_id": ids[0], "last_event_id": ids[-1],
            "event_ids": ids, "leaves": leaves, "root": merkle.root(leaves),
        }  # fmt: skip


def _seal(
    connection: Connection, signer: Signer, day: date, before: Seal | None, now: datetime
) -> Seal:
    roots, count, first, last = b"", 0, None, None
    for row in _part_rows(connection, day, before):
        connection.execute(insert(parts).values(row))
        roots += row["root"]
        count += len(row["event_ids"])
        first, last = row["first_event_id"] if first is None else first, row["last_event_id"]
    previous = before.digest if before else NOTHING_BEFORE
    bare = Seal(day, count, first, last, merkle.root(roots), previous, signer.verifier.key_id, now)
    signed = Seal(**(bare.as_row() | {"signature": signer.sign(bare.statement)}))
    connection.execute(insert(seals).values(signed.as_row()))
    return signed
