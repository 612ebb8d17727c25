"""A row for every table of a store, made from the tables themselves."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Boolean, Column, Date, DateTime, Integer, LargeBinary, Uuid, insert
from sqlalchemy.dialects.postgresql import insert as upsert

from db import asleep
from db.words import Store
from tests.people import NOW

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from db.tables.member import MemberTables

_WORDS = {
    "kind": None,
    "source": "web",
    "channel": "email",
    "ground": "consent",
    "item": "nickname",
    "state": "open",
    "why": "stopped",
    "means": "joining",
    "asked_by": "self",
    "reason": "parent",
    "suspended_why": "desk",
    "outcome": "kept",
}
_KINDS = {"record": "payment", "request": "correction"}
_NOT_AT_ONCE = {
    "profile_value": ("cleared_at",),
    "device": ("refused_at",),
    "request": ("decided_at", "reason"),
    "evidence": ("destroyed_at",),
}
"""Columns that stay empty while the sealed value is there, or the request is open."""


def _value(table: Table, column: Column[Any]) -> Any:  # noqa: ANN401, PLR0911
    kind = column.type
    if isinstance(kind, Uuid):
        return uuid4()
    if isinstance(kind, Date):
        return date(2026, 1, 1)
    if isinstance(kind, DateTime):
        return NOW
    if isinstance(kind, LargeBinary):
        return b"sealed"
    if isinstance(kind, Boolean):
        return True
    if isinstance(kind, Integer):
        return 7
    if isinstance(kind, ARRAY):
        return ["nickname"]
    if column.name == "why" and table.name == "dispute":
        return "custody"
    if column.name == "kind":
        return _KINDS.get(table.name, "marketing")
    return _WORDS.get(column.name, "x")


def row(table: Table, member_id: UUID) -> dict[str, Any]:
    """Return a row with every column filled."""
    filled = {c.name: _value(table, c) for c in table.columns} | {"member_id": member_id}
    return filled | dict.fromkeys(_NOT_AT_ONCE.get(table.name, ()))


def one_of_each(connection: Connection, tables: MemberTables, member_id: UUID) -> None:
    """Insert a row of this member into every table of the store."""
    asked = uuid4()
    for table in tables.all:
        statement = (
            insert(table) if table is not tables.member else upsert(table).on_conflict_do_nothing()
        )
        # What belongs to a request belongs to this one.
        one = {"request_id": asked} if "request_id" in table.c else {}
        connection.execute(statement.values(row(table, member_id) | one))
    if tables.store is Store.DORMANT:
        asleep.prove(connection, [row(tables.member, member_id)])
