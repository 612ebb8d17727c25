"""Statements that every page sends, straight to the driver.

SQLAlchemy writes such a statement, once; what it does around each run of one takes longer than the
database does. Transactions, pool and errors stay SQLAlchemy's.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import psycopg
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError

from db.copying import driver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ClauseElement, Connection

Values = tuple[Any, ...]
_DIALECT = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


class Prepared:
    """One statement, made once; the database, too, plans it once a connection.

    Its columns are of types that the driver returns as SQLAlchemy would; `in_()` of many values is
    not for it, but `== func.any(...)` of an array.
    """

    def __init__(self, statement: ClauseElement) -> None:
        """Take a statement with its parameters named by `bindparam`."""
        self._statement = statement

    @cached_property
    def _made(self) -> tuple[str, list[str], dict[str, Any]]:
        """Return the text with $1, $2, …, their names in order, and what is always the same."""
        made: Any = self._statement.compile(dialect=_DIALECT)
        names = list(made.positiontup)
        always = {name: made.params[name] for name in names if not made.binds[name].required}
        return str(made), names, always

    def run(self, connection: Connection, given: Mapping[str, Any]) -> None:
        """Run it in the connection's transaction; it returns nothing."""
        self._sent(connection, given)

    def rows(self, connection: Connection, given: Mapping[str, Any]) -> list[Values]:
        """Return its rows, each a tuple in the order of the columns."""
        return self._sent(connection, given).fetchall()

    def _sent(self, connection: Connection, given: Mapping[str, Any]) -> psycopg.Cursor[Values]:
        text, names, always = self._made
        used = driver(connection)
        if not (used.autocommit or connection.in_transaction()):
            connection.begin()
        cursor: psycopg.Cursor[Values] = psycopg.RawCursor(used)
        every = {**always, **given}
        values = [every[name] for name in names]
        for hear in connection.dispatch.before_cursor_execute:  # as of any other statement
            hear(connection, cursor, text, values, None, False)  # noqa: FBT003
        try:
            return cursor.execute(text, values, prepare=True)
        except psycopg.Error as error:
            _fail(connection, cursor, text, error)


def _fail(
    connection: Connection, cursor: psycopg.Cursor[Values], text: str, error: psycopg.Error
) -> NoReturn:
    """Raise what SQLAlchemy would, without the values; a lost connection leaves the pool."""
    lost = connection.dialect.is_disconnect(error, connection.connection, cursor)  # type: ignore[arg-type]
    if lost:
        connection.invalidate(error)
    raise DBAPIError.instance(
        text, None, error, psycopg.Error,
        hide_parameters=True, connection_invalidated=lost, dialect=connection.dialect,
    ) from error  # fmt: skip
