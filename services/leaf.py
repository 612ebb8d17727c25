"""An event as bytes: what a seal binds.

PostgreSQL's binary form of a row of `COLUMNS`: the number of columns, then for each its type (OID),
its length in bytes (-1: none) and its value, numbers in network order. No setting changes it.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID

from sqlalchemy import LargeBinary, literal_column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COLUMNS = (
    "event_id", "at", "member_id", "name", "purpose", "allowed", "reason", "actor_kind",
    "actor_id", "session_id", "case_id", "page", "items", "fold_key",
)  # fmt: skip
"""What a leaf holds of an event, in this order; a later column would begin another kind of leaf."""
SQL: LiteralString = f"record_send(row({', '.join(f'event.{name}' for name in COLUMNS)}))"
LEAF = literal_column(SQL, LargeBinary).label("leaf")
"""The leaf of a row of `ledger.event`."""

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def _number(value: bytes) -> int:
    return int.from_bytes(value, "big", signed=True)


def _instant(value: bytes) -> str:
    return (_EPOCH + timedelta(microseconds=_number(value))).isoformat()


def _texts(value: bytes) -> list[str | None]:
    """Return the elements of an array of texts, of one dimension or empty."""
    if _number(value[:4]) == 0:
        return []
    return [None if v is None else v.decode() for v in _values(value, 20, _number(value[12:16]))]


_TYPES: dict[int, Callable[[bytes], Any]] = {
    16: lambda value: value == b"\1",
    17: bytes.hex,
    20: _number,
    25: bytes.decode,
    1009: _texts,
    1184: _instant,
    2950: lambda value: str(UUID(bytes=value)),
}
"""How to read a value, by its type."""


def _values(data: bytes, at: int, count: int) -> Iterator[bytes | None]:
    """Give `count` values, each after its length."""
    for _ in range(count):
        length = struct.unpack_from("!i", data, at)[0]
        at += 4
        if length < 0:
            yield None
            continue
        if at + length > len(data):
            raise ValueError(at)
        yield data[at : at + length]
        at += length


def read(leaf: bytes) -> dict[str, Any]:
    """Return the event of a leaf, in plain words of JSON. Raise `ValueError` when it is none."""
    try:
        return dict(_pairs(leaf))
    except (struct.error, KeyError, OverflowError) as error:
        message = "these bytes are no event"
        raise ValueError(message) from error


def _pairs(leaf: bytes) -> Iterator[tuple[str, Any]]:
    at = 4
    if struct.unpack_from("!i", leaf)[0] != len(COLUMNS):
        raise ValueError(leaf[:4])
    for name in COLUMNS:
        kind = struct.unpack_from("!i", leaf, at)[0]
        (value,) = _values(leaf, at + 4, 1)
        yield name, None if value is None else _TYPES[kind](value)
        at += 8 + len(value or b"")
    if at != len(leaf):
        raise ValueError(at)
