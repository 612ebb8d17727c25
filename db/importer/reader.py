"""Reads the source in batches of whole members, each with what belongs to them.

Members stream in the order of their key; what belongs to those of a batch is asked for by their
keys. Nothing is held beyond a batch, whose size is bounded by members and by rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.importer import drafting
from db.importer.cells import RowCells, RowRefusedError
from db.importer.children import Children
from db.importer.columns import chunks, resolve
from db.importer.parse import key_text
from db.importer.people import Person, keys_of, people, where
from db.importer.plan import columns_of
from db.importer.tally import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from db.importer.drafting import Incoming
    from db.importer.mapping import Cell
    from db.importer.parse import Reading
    from db.importer.plan import Branch, LineBranch, Plan
    from db.importer.rules import Identities, Rules
    from db.importer.source import Row, Source
    from db.importer.tally import Tally

MEMBERS_AT_ONCE = 500
ROWS_AT_ONCE = 20_000
"""Rows that belong to the members of a batch; a member who has more comes alone."""

Family = dict[str | None, list["Row"]]
"""Rows by the text of their owner's key."""


@dataclass(frozen=True)
class Batch:
    """Members that are sound, and what has been counted on the way."""

    members: list[Incoming]
    tally: Tally


@dataclass(frozen=True)
class Reader:
    """Reads by a plan. `blank` is a tally of its parts with nothing in it."""

    plan: Plan
    source: Source
    reading: Reading
    rules: Rules
    ids: Identities
    blank: Tally

    def batches(self) -> Iterator[Batch]:
        """Yield batches of whole members. Raise `SourceEndedError` when the source breaks off."""
        member = self.plan.map.member
        rows = self.source.rows(member.table, self.plan.member_columns, member.key)
        for some in chunks(people(rows, member.key), MEMBERS_AT_ONCE):
            for fewer in self._slices(some):
                yield self._batch(fewer)

    def cells(self, row: Row, place: Place, tally: Tally) -> RowCells:
        """Return a row to be read cell by cell."""
        return RowCells(row, place, tally, self.reading, self.rules)

    def lines(self, lines: LineBranch | None, order: str, rows: Sequence[Row]) -> Family:
        """Return the lines of records, by the text of the record's key."""
        found: Family = defaultdict(list)
        if lines is None:
            return found
        part = lines.lines
        keys = list(dict.fromkeys(key for row in rows if (key := row[order]) is not None))
        for some in chunks(keys):
            for row in self.source.children(lines.join, columns_of(lines.cells), some, part.key):
                found[key_text(row[part.record])].append(row)
        resolve(
            self.source, part.table, lines.cells, [r for group in found.values() for r in group]
        )
        return found

    def _slices(self, found: list[Person]) -> Iterator[list[Person]]:
        """Yield members in lists that have about `ROWS_AT_ONCE` rows together."""
        sizes = self._sizes(keys_of(found))
        some: list[Person] = []
        weight = 0
        for person in found:
            size = sizes[person.text] if person.leads else 0
            if some and weight + size > ROWS_AT_ONCE:
                yield some
                some, weight = [], 0
            some.append(person)
            weight += size
        yield some

    def _sizes(self, keys: list[object]) -> Counter[str | None]:
        sizes: Counter[str | None] = Counter()
        for branch in self.plan.branches:
            if keys and not branch.own:
                for key, size in self.source.sizes(branch.join, keys).items():
                    sizes[key_text(key)] += size
        return sizes

    def _batch(self, found: list[Person]) -> Batch:
        tally = self.blank.empty()
        own = [person.row for person in found]
        resolve(self.source, self.plan.map.member.table, self._own_cells(), own)
        families = [self._family(branch, found) for branch in self.plan.branches]
        members = []
        for person in found:
            incoming = self._member(person, tally)
            for branch, (family, lines) in zip(self.plan.branches, families, strict=True):
                rows = [person.row] if branch.own else _taken(family, person)
                Children(self, branch, person, tally, lines).take(rows, incoming)
            if incoming is not None:
                members.append(incoming)
        return Batch(members, tally)

    def _own_cells(self) -> dict[str, Cell]:
        """Return the cells that are read from the members' own rows."""
        cells = dict(self.plan.map.member.cells())
        for branch in self.plan.branches:
            if branch.own:
                cells |= {f"{branch.label}.{n}": c for n, c in branch.part.cells().items()}
        return cells

    def _family(self, branch: Branch, found: list[Person]) -> tuple[Family, Family]:
        """Return a part's rows by member, and their lines by record."""
        family: Family = defaultdict(list)
        keys = [] if branch.own else keys_of(found)
        if keys:
            for row in self.source.children(branch.join, branch.columns, keys, branch.order):
                family[key_text(row[branch.part.member])].append(row)
        rows = [row for group in family.values() for row in group]
        resolve(self.source, branch.part.table, branch.part.cells(), rows)
        own = [person.row for person in found] if branch.own else rows
        return family, self.lines(branch.lines, branch.order, own)

    def _member(self, person: Person, tally: Tally) -> Incoming | None:
        tally.fetched(self.plan.label)
        place = Place(self.plan.label, where(person.row, str(person.number)))
        try:
            digest = self.ids.member(self._key(person))
            return drafting.member(self.cells(person.row, place, tally), self.plan.map, digest)
        except RowRefusedError as refused:
            tally.refuse(place, refused.column, refused.reason)
            return None

    def _key(self, person: Person) -> str:
        key = self.plan.map.member.key
        if not person.text:
            raise RowRefusedError(key, "its key is empty")
        if not person.alone:
            raise RowRefusedError(key, "its key stands in several rows")
        return person.text


def _taken(family: Family, person: Person) -> list[Row]:
    return family.pop(person.text, []) if person.leads else []
