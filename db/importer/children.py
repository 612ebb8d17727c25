"""A member's rows of one part, made into drafts or refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.declarations import ITEMS
from db.importer import cells as read
from db.importer.cells import RowRefusedError
from db.importer.drafting import Child, Drafter
from db.importer.mapping import Uses, Values
from db.importer.parse import key_text
from db.importer.people import Person, where
from db.importer.tally import Outcome, Place

if TYPE_CHECKING:
    from db.importer.drafting import Incoming
    from db.importer.plan import Branch, LineBranch
    from db.importer.reader import Family, Reader
    from db.importer.source import Row
    from db.importer.tally import Tally

MOST_VALUES = 1_000


@dataclass(frozen=True)
class Children:
    """The rows of one member in one part. `lines` holds the lines of every record of the batch."""

    reader: Reader
    branch: Branch
    person: Person
    tally: Tally
    lines: Family

    def take(self, rows: list[Row], owner: Incoming | None) -> None:
        """Add drafts to the owner; without one, refuse the rows."""
        keys = Counter(key_text(row[self.branch.order]) for row in rows)
        for seq, row in enumerate(rows):
            self.tally.fetched(self.branch.label)
            place = self._place(row, seq)
            lines = self.lines.pop(key_text(row[self.branch.order]), [])
            try:
                if owner is None:
                    read.refuse("", "its member was refused")
                self._check(seq, keys[key_text(row[self.branch.order])], len(rows))
                self._add(owner, row, place, seq, lines)
            except RowRefusedError as refused:
                self.tally.refuse(place, refused.column, refused.reason)
                refuse_lines(self.branch.lines, lines, place, self.tally)

    def _check(self, seq: int, same_key: int, rows: int) -> None:
        part = self.branch.part
        if same_key > 1 and not isinstance(part, Uses):  # uses are told apart by their service
            read.refuse(self.branch.order, "its key stands in several rows")
        if isinstance(part, Values):
            if rows > 1 and not ITEMS[part.item].repeated:
                read.refuse("", f"a member has one {part.item}, and this one has several")
            if seq >= MOST_VALUES:
                read.refuse("", f"a member has at most {MOST_VALUES} of one item")

    def _place(self, row: Row, seq: int) -> Place:
        number = str(self.person.number)
        return Place(
            self.branch.label, where(row, number if self.branch.own else f"{number}.{seq + 1}")
        )

    def _add(self, owner: Incoming, row: Row, place: Place, seq: int, lines: list[Row]) -> None:
        """Draft the row; what is noted about its lines counts only once the row itself is sound."""
        noted = self.tally.empty() if lines else self.tally
        texts = self._texts(lines, place, noted)
        drafter = Drafter(self.reader.plan.map, self.reader.ids)
        cells = self.reader.cells(row, place, self.tally)
        draft = drafter.child(self.branch.part, cells, seq, list(texts.values()))
        if lines:
            self.tally.add(noted)
        if draft is None:
            self.tally.came(place, Outcome.SILENT)
        else:
            owner.children.append(Child(place, draft, tuple(texts)))

    def _texts(self, lines: list[Row], record: Place, noted: Tally) -> dict[Place, str]:
        """Return the texts of a record's lines; a bad line is refused alone."""
        branch = self.branch.lines
        found: dict[Place, str] = {}
        for seq, row in enumerate(lines if branch else (), 1):
            if branch is None:  # pragma: no cover (said by the loop; mypy can't see it)
                break
            noted.fetched(branch.label)
            place = Place(branch.label, where(row, f"{record.row}.{seq}"))
            try:
                cells = self.reader.cells(row, place, noted)
                found[place] = cells.need(branch.lines.text, read.text)
            except RowRefusedError as refused:
                noted.refuse(place, refused.column, refused.reason)
        return found


def refuse_lines(lines: LineBranch | None, rows: list[Row], record: Place, tally: Tally) -> None:
    """Refuse the lines of a record that was refused."""
    for seq, row in enumerate(rows, 1):
        if lines is not None:
            tally.fetched(lines.label)
            place = Place(lines.label, where(row, f"{record.row}.{seq}"))
            tally.refuse(place, "", "its record was refused")
