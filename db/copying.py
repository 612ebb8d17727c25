"""Copies many rows in at once, by PostgreSQL's COPY.

COPY may not write to tables with row-level security, so rows go through a temporary table of the
same shape. What is copied counts as any other insert: every check and every policy holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg import Connection as Driver
    from psycopg import Cursor
    from sqlalchemy import Connection, Table

Row = dict[str, Any]
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def _types(table: Table, names: Sequence[str]) -> list[str]:
    return [table.c[name].type.compile(_DIALECT).lower() for name in names]


def write(cursor: Cursor[Any], target: sql.Composable, table: Table, rows: Iterable[Row]) -> None:
    """Copy rows of `table`'s columns, all with the same names, into `target`."""
    rows = list(rows)
    names = list(rows[0])
    command = sql.SQL("copy {} ({}) from stdin (format binary)").format(
        target, sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with cursor.copy(command) as copy:
        copy.set_types(_types(table, names))
        for row in rows:
            copy.write_row(tuple(row.values()))


def driver(connection: Connection) -> Driver[Any]:
    """Return the driver's connection beneath; what it does belongs to the same transaction."""
    found: Driver[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    return found


def copy_in(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, all with the same names, in the caller's transaction."""
    if not rows:
        return
    stage = sql.Identifier(f"stage_{table.name}")
    target = sql.Identifier(str(table.schema), table.name)
    names = sql.SQL(", ").join(map(sql.Identifier, rows[0]))
    with driver(connection).cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "create temporary table if not exists {} (like {}) on commit delete rows"
            ).format(stage, target)
        )
        write(cursor, stage, table, rows)
        cursor.execute(
            sql.SQL("insert into {} ({}) select {} from {}").format(target, names, names, stage)
        )
