"""What an import reads from: any database SQLAlchemy reaches, or a folder of CSV files.

Rows stream; no table is held whole. Values come as the driver gives them: columns are asked for
without a type, so that a date that can't be one is a refused row and not a broken stream.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import String, bindparam, cast, column, func, inspect, select, table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import quoted_name
from sqlalchemy.types import NullType

from db.errors import PortalError
from db.words import N_

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement, Connection, Engine, FromClause, Select

LINE = "__line__"
"""The column with a row's line in its CSV file."""
_ROWS_AT_ONCE = 500

Row = dict[str, Any]


class SourceError(PortalError):
    """The source can't be opened. Nothing was written."""


class SourceEndedError(Exception):
    """The source broke off. Its own error may hold a value, so only the error's name is kept."""


@dataclass(frozen=True)
class Join:
    """How rows find their owner: `table.by` holds the key that `parent.key` holds."""

    table: str
    by: str
    parent: str
    key: str


class Source(Protocol):
    """What the importer asks of a source."""

    def tables(self) -> list[str]:
        """Return the names of tables and views."""

    def columns(self, name: str) -> list[str]:
        """Return the columns of a table."""

    def count(self, name: str) -> int:
        """Return the number of rows of a table."""

    def rows(self, name: str, columns: Sequence[str], order: str) -> Iterator[Row]:
        """Stream a table in the order of a column."""

    def children(
        self, join: Join, columns: Sequence[str], keys: Sequence[object], order: str
    ) -> Iterator[Row]:
        """Stream the rows that belong to `keys`, those of one key together, in order."""

    def sizes(self, join: Join, keys: Sequence[object]) -> dict[object, int]:
        """Return how many rows belong to each of `keys` that has any."""

    def orphans(self, join: Join, columns: Sequence[str], order: str) -> Iterator[Row]:
        """Stream the rows that belong to nobody."""

    def broken(self, name: str) -> Iterator[tuple[int, str]]:
        """Return line and reason of each row that has not the form of its table."""


@contextmanager
def _ending() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError, ValueError) as error:
        origin = getattr(error, "orig", None) or error
        raise SourceEndedError(type(origin).__name__) from None


class SqlSource:
    """A database. `single` where one connection must serve all (a private temporary one)."""

    def __init__(self, engine: Engine, *, single: bool = False) -> None:
        """Connect. The engine is disposed of by `close`."""
        self._engine = engine
        self._streaming = self._connect()
        self._asking = self._streaming if single else self._connect()

    def _connect(self) -> Connection:
        connection = self._engine.connect()
        if connection.dialect.name == "postgresql":
            connection.execution_options(postgresql_readonly=True)
        return connection

    def close(self) -> None:
        """Close connections."""
        self._streaming.close()
        self._asking.close()
        self._engine.dispose()

    @cached_property
    def _inspector(self) -> Any:  # noqa: ANN401 (SQLAlchemy's own kind of inspector, by dialect)
        return inspect(self._asking)

    def tables(self) -> list[str]:
        """Return the names of tables and views."""
        return sorted([*self._inspector.get_table_names(), *self._inspector.get_view_names()])

    def _place(self, name: str) -> tuple[str | None, str]:
        schema, dot, bare = name.rpartition(".")
        return (schema, bare) if dot and name not in self.tables() else (None, name)

    def _reflected(self, name: str) -> dict[str, Any]:
        schema, bare = self._place(name)
        try:
            found = self._inspector.get_columns(bare, schema=schema)
        except SQLAlchemyError:
            return {}
        return {c["name"]: c["type"] for c in found}

    def columns(self, name: str) -> list[str]:
        """Return the columns of a table; none when there is no such table."""
        return [c for c in self._reflected(name) if c != LINE]

    def _from(self, name: str, columns: Sequence[str]) -> FromClause:
        schema, bare = self._place(name)
        return table(
            quoted_name(bare, quote=True),
            *(column(quoted_name(c, quote=True)) for c in dict.fromkeys(columns)),
            schema=schema,
        )

    def _with_line(self, name: str, columns: Sequence[str]) -> list[str]:
        line = [LINE] if LINE in self._reflected(name) else []
        return list(dict.fromkeys([*columns, *line]))

    def _stream(
        self, connection: Connection, query: Select[Any], names: Sequence[str]
    ) -> Iterator[Row]:
        with _ending():
            options = {"stream_results": True, "yield_per": _ROWS_AT_ONCE}
            for found in connection.execute(query, execution_options=options):
                yield dict(zip(names, found, strict=True))

    def count(self, name: str) -> int:
        """Return the number of rows of a table, those without its form included."""
        with _ending():
            query = select(func.count()).select_from(self._from(name, ()))
            return int(self._asking.scalar(query) or 0) + sum(1 for _ in self.broken(name))

    def rows(self, name: str, columns: Sequence[str], order: str) -> Iterator[Row]:
        """Stream a table in the order of a column."""
        names = self._with_line(name, columns)
        target = self._from(name, [*names, order])
        query = select(*(target.c[c] for c in names)).order_by(target.c[order])
        return self._stream(self._streaming, query, names)

    def _alike(self, join: Join) -> bool:
        """Return whether the two columns compare without a cast."""
        ours = self._reflected(join.table).get(join.by)
        theirs = self._reflected(join.parent).get(join.key)
        return self._asking.dialect.name == "sqlite" or _python(ours) == _python(theirs)

    def _belongs(
        self, join: Join, by: ColumnElement[Any], keys: Sequence[object]
    ) -> ColumnElement[bool]:
        if self._alike(join):
            # Without a type: else the first key's would be taken for all, and SQLite mixes them.
            return by.in_(bindparam(None, list(keys), NullType(), unique=True, expanding=True))
        return cast(by, String).in_([str(key) for key in keys])

    def children(
        self, join: Join, columns: Sequence[str], keys: Sequence[object], order: str
    ) -> Iterator[Row]:
        """Stream the rows that belong to `keys`, those of one key together, in order."""
        names = self._with_line(join.table, [join.by, *columns])
        target = self._from(join.table, [*names, order])
        by = target.c[join.by]
        query = select(*(target.c[c] for c in names)).where(self._belongs(join, by, keys))
        return self._stream(self._asking, query.order_by(by, target.c[order]), names)

    def sizes(self, join: Join, keys: Sequence[object]) -> dict[object, int]:
        """Return how many rows belong to each of `keys` that has any."""
        target = self._from(join.table, [join.by])
        by = target.c[join.by]
        query = select(by, func.count()).where(self._belongs(join, by, keys)).group_by(by)
        with _ending():
            return {found[0]: found[1] for found in self._asking.execute(query)}

    def orphans(self, join: Join, columns: Sequence[str], order: str) -> Iterator[Row]:
        """Stream the rows that belong to nobody."""
        names = self._with_line(join.table, columns)
        target = self._from(join.table, [*names, join.by, order]).alias("ours")
        parent = self._from(join.parent, [join.key]).alias("theirs")
        by, key = target.c[join.by], parent.c[join.key]
        same = by == key if self._alike(join) else cast(by, String) == cast(key, String)
        owned = select(1).select_from(parent).where(same).correlate(target).exists()
        query = select(*(target.c[c] for c in names)).where(~owned).order_by(target.c[order])
        return self._stream(self._asking, query, names)

    def broken(self, name: str) -> Iterator[tuple[int, str]]:  # noqa: ARG002 (a database has none)
        """Return nothing: a database's rows have the form of their table."""
        return iter(())


def _python(kind: Any) -> type | None:  # noqa: ANN401 (SQLAlchemy types know their Python type, mostly)
    try:
        return None if kind is None else kind.python_type
    except NotImplementedError:
        return None


def open_failed(where: str, reason: str) -> SourceError:
    """Return the error for a source that can't be opened; `where` holds no password."""
    return SourceError(
        N_("The source {where} can't be opened: {reason}."), where=where, reason=reason
    )
