"""A map set against its source: labels of its parts, columns to ask for, and what is missing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.importer.map_file import MapError, nearest
from db.importer.mapping import ItemCells
from db.importer.source import Join
from db.words import N_

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from db.importer.mapping import Cell, Lines, Map, Part
    from db.importer.source import Source


@dataclass(frozen=True)
class LineBranch:
    """The lines of a kind of record."""

    label: str
    lines: Lines
    join: Join

    @property
    def cells(self) -> dict[str, Cell]:
        """Return the cells of a line."""
        return self.lines.cells()


@dataclass(frozen=True)
class Branch:
    """A part with its label for the report; `own` when its rows are the members' own rows."""

    label: str
    part: Part
    join: Join
    own: bool
    lines: LineBranch | None = None

    @property
    def columns(self) -> list[str]:
        """Return the columns to ask for."""
        return [*self.part.plain_columns(), *columns_of(self.part.cells())]

    @property
    def order(self) -> str:
        """Return the column by which a member's rows stand in order."""
        return self.part.plain_columns()[-1]


@dataclass(frozen=True)
class Plan:
    """A map, checked against its source."""

    map: Map
    branches: list[Branch]
    guardians: list[Branch]

    @property
    def label(self) -> str:
        """Return the members' label."""
        return self.map.member.table

    @property
    def member_columns(self) -> list[str]:
        """Return the columns of the members' table to ask for."""
        own = [name for branch in self.branches if branch.own for name in branch.columns]
        return [self.map.member.key, *columns_of(self.map.member.cells()), *own]

    @property
    def tables(self) -> dict[str, str]:
        """Return the table of each label that is counted."""
        found = {self.label: self.map.member.table}
        for branch in [*self.branches, *self.guardians]:
            found[branch.label] = branch.part.table
            if branch.lines:
                found[branch.lines.label] = branch.lines.lines.table
        return found


def leaves_of(cells: dict[str, Cell]) -> Iterator[Cell]:
    """Yield every cell that is a column, those that say how an item was obtained included."""
    for cell in cells.values():
        yield from cell.leaves()
        if isinstance(cell, ItemCells):
            origins = (
                cell.source,
                cell.obtained_on,
                cell.service,
                cell.partner,
                cell.policy_version,
            )
            yield from (leaf for origin in origins if origin for leaf in origin.leaves())


def columns_of(cells: dict[str, Cell]) -> list[str]:
    """Return the columns that cells are made of."""
    return [leaf.column for leaf in leaves_of(cells) if leaf.column]


def make(found: Map, source: Source) -> Plan:
    """Return the plan. Raise `MapError` naming every table and column that the source lacks."""
    labels = _Labels()
    branches = [_branch(found, part, labels) for part in found.parts]
    guardians = [_branch(found, part, labels) for part in found.guardians]
    plan = Plan(found, branches, guardians)
    if problems := list(dict.fromkeys(_problems(plan, source))):
        raise MapError(
            N_("The map and the source do not fit, so nothing was written: {problems}."),
            problems="; ".join(problems),
        )
    return plan


class _Labels:
    """Gives each part a name of its own: table and what its rows become."""

    def __init__(self) -> None:
        self._used: Counter[str] = Counter()

    def new(self, table: str, what: str) -> str:
        label = f"{table} ({what})"
        self._used[label] += 1
        return label if self._used[label] == 1 else f"{label} {self._used[label]}"


def _branch(found: Map, part: Part, labels: _Labels) -> Branch:
    join = Join(part.table, part.member, found.member.table, found.member.key)
    own = (part.table, part.member) == (found.member.table, found.member.key)
    label = labels.new(part.table, part.what)
    lines: Lines | None = getattr(part, "lines", None)
    return Branch(label, part, join, own, _lines(part, lines, labels) if lines else None)


def _lines(part: Part, lines: Lines, labels: _Labels) -> LineBranch:
    key = part.plain_columns()[-1]
    label = labels.new(lines.table, "lines")
    return LineBranch(label, lines, Join(lines.table, lines.record, part.table, key))


def _problems(plan: Plan, source: Source) -> Iterator[str]:
    member = plan.map.member
    yield from _missing(source, member.table, plan.member_columns)
    yield from _lookups(source, member.cells())
    for branch in [*plan.branches, *plan.guardians]:
        yield from _missing(source, branch.part.table, branch.columns)
        yield from _lookups(source, branch.part.cells())
        if branch.lines:
            lines = branch.lines.lines
            wanted = [lines.record, lines.key, *columns_of(lines.cells())]
            yield from _missing(source, lines.table, wanted)
            yield from _lookups(source, lines.cells())


def _lookups(source: Source, cells: dict[str, Cell]) -> Iterator[str]:
    for leaf in leaves_of(cells):
        if leaf.lookup:
            yield from _missing(source, leaf.lookup.table, [leaf.lookup.key, leaf.lookup.column])


def _missing(source: Source, table: str, wanted: Sequence[str]) -> Iterator[str]:
    known = source.columns(table)
    if not known:
        yield f"the source has no table “{table}”{nearest(table, source.tables())}"
        return
    for name in dict.fromkeys(wanted):
        if name not in known:
            yield f"table “{table}” has no column “{name}”{nearest(name, known)}"
