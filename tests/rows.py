"""A row for every table of a store, made from the tables themselves."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Boolean, Column, Date, DateTime, Integer, LargeBinary, Uuid, insert
from sqlalchemy.dialects.postgresql import insert as upsert

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
}


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
    if column.name == "kind":
        return "payment" if table.name == "record" else "marketing"
    return _WORDS.get(column.name, "x")


def row(table: Table, member_id: UUID) -> dict[str, Any]:
    """Return a row with every column filled."""
    filled = {c.name: _value(table, c) for c in table.columns} | {"member_id": member_id}
    if table.name == "profile_value":
        filled["cleared_at"] = None
    return filled


def one_of_each(connection: Connection, tables: MemberTables, member_id: UUID) -> None:
    """Insert a row of this member into every table of the store."""
    for table in tables.all:
        statement = (
            insert(table) if table is not tables.member else upsert(table).on_conflict_do_nothing()
        )
        connection.execute(statement.values(row(table, member_id)))
