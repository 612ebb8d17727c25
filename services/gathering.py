"""Several questions to the database in one statement: a page waits for one answer, not for ten."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import cast, func, literal_column, null, select, union_all

from db.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement, Connection, Select, Subquery

Row = dict[str, Any]


def ordered(statement: Select[Any], *by: ColumnElement[Any]) -> Select[Any]:
    """Return the statement, its rows numbered in this order, in which `Gathered` returns them."""
    return statement.add_columns(func.row_number().over(order_by=by).label("place"))


class Gathered:
    """Named selects as one `union all`, made once; each row knows which of them it answers.

    A select's columns take the first free places of their types; the others stay NULL. Names of
    columns are those of the select. Its rows have no order unless `ordered` gave them one.
    """

    def __init__(self, **parts: Select[Any]) -> None:
        """Take the selects; they share their bound parameters by name."""
        self._names = tuple(parts)
        subs = [one.subquery(name) for name, one in parts.items()]
        slots = _slots(subs)
        self._readers = [_reader(sub, _taken(sub, slots)) for sub in subs]
        chosen = [_aligned(number, sub, slots) for number, sub in enumerate(subs)]
        self._statement = Prepared(union_all(*chosen).order_by("part", "place"))

    def ask(self, connection: Connection, **given: object) -> dict[str, list[Row]]:
        """Return each select's rows: one query."""
        found: dict[str, list[Row]] = {name: [] for name in self._names}
        for row in self._statement.rows(connection, given):
            found[self._names[row[0]]].append(self._readers[row[0]](row))
        return found


def _kind(column: ColumnElement[Any]) -> str:
    return str(column.type)


def _own(sub: Subquery) -> list[ColumnElement[Any]]:
    return [column for column in sub.c if column.key != "place"]


def _slots(subs: Sequence[Subquery]) -> list[ColumnElement[Any]]:
    """Return as many columns of each type as the select with most of them has."""
    most: dict[str, list[ColumnElement[Any]]] = {}
    for sub in subs:
        mine: dict[str, list[ColumnElement[Any]]] = {}
        for column in _own(sub):
            mine.setdefault(_kind(column), []).append(column)
        for kind, columns in mine.items():
            most[kind] = max(most.get(kind, []), columns, key=len)
    return [column for columns in most.values() for column in columns]


def _taken(sub: Subquery, slots: Sequence[ColumnElement[Any]]) -> list[int]:
    """Return the place of each column of `sub`, the first free one of its type."""
    free = list(range(len(slots)))
    taken = []
    for column in _own(sub):
        place = next(n for n in free if _kind(slots[n]) == _kind(column))
        free.remove(place)
        taken.append(place)
    return taken


def _aligned(number: int, sub: Subquery, slots: Sequence[ColumnElement[Any]]) -> Select[Any]:
    filled = dict(zip(_taken(sub, slots), _own(sub), strict=True))
    columns = [
        filled.get(n, cast(null(), slot.type)).label(f"c{n}") for n, slot in enumerate(slots)
    ]
    place = sub.c.get("place", literal_column("0")).label("place")
    return select(literal_column(str(number)).label("part"), place, *columns)


def _reader(sub: Subquery, taken: Sequence[int]) -> Callable[[Sequence[Any]], Row]:
    names, before = [str(column.key) for column in _own(sub)], 2
    if len(taken) == 1:
        return lambda row: {names[0]: row[taken[0] + before]}
    values = itemgetter(*(n + before for n in taken))
    return lambda row: dict(zip(names, values(row), strict=True))
