"""What became of each row, so that what came in and what was refused add up to what was read."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a row that was not refused."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    SILENT = "silent"


class Weight(StrEnum):
    """What a line of the report is about."""

    ROW = "row refused"
    VALUE = "value refused"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class Place:
    """A row of the source: which part of the map, and which row, without its key.

    A row is `line 7` of a CSV file; in a database `7` is the seventh member by key, `7.2` that
    member's second row in the part's table, `7.2.1` a line of it, `none.3` a row of no member.
    """

    part: str
    row: str


@dataclass(frozen=True)
class Remark:
    """One line of the report."""

    place: Place
    column: str
    weight: Weight
    reason: str


@dataclass
class Counts:
    """One part in numbers. `fetched` counts what the source gave, apart from what became of it."""

    table: str
    total: int = 0
    fetched: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    silent: int = 0
    refused: int = 0
    values_refused: int = 0
    conflicts: int = 0
    past_period: int = 0

    @property
    def came_in(self) -> int:
        """Return the rows that are here now: new, changed, as before, or saying nothing."""
        return self.new + self.changed + self.same + self.silent

    def add(self, other: Counts) -> None:
        """Add another's numbers, but not its total: that is counted once."""
        for number in fields(self):
            if number.name not in {"table", "total"}:
                ours, theirs = getattr(self, number.name), getattr(other, number.name)
                setattr(self, number.name, ours + theirs)


@dataclass
class Tally:
    """Counts by part, and remarks; of one batch until it is committed, then of the whole run."""

    counts: dict[str, Counts]
    remarks: list[Remark] = field(default_factory=list)

    def empty(self) -> Tally:
        """Return a tally of the same parts with nothing in it."""
        return Tally({name: Counts(c.table, c.total) for name, c in self.counts.items()})

    def add(self, other: Tally) -> None:
        """Add another's counts and remarks."""
        for name, counts in other.counts.items():
            self.counts[name].add(counts)
        self.remarks.extend(other.remarks)

    def fetched(self, part: str) -> None:
        """Count a row that the source gave."""
        self.counts[part].fetched += 1

    def came(self, place: Place, outcome: Outcome) -> None:
        """Count a row that came in."""
        counts = self.counts[place.part]
        setattr(counts, outcome, getattr(counts, outcome) + 1)

    def refuse(self, place: Place, column: str, reason: str) -> None:
        """Count a row that did not come in, with its reason."""
        self.counts[place.part].refused += 1
        self.remarks.append(Remark(place, column, Weight.ROW, reason))

    def stays_away(self, place: Place, reason: str) -> None:
        """Count a row that did not come in because of what was decided here."""
        self.counts[place.part].refused += 1
        self.conflict(place, "", reason)

    def refuse_value(self, place: Place, column: str, reason: str) -> None:
        """Count a value that was left out of a row that comes in."""
        self.counts[place.part].values_refused += 1
        self.remarks.append(Remark(place, column, Weight.VALUE, reason))

    def conflict(self, place: Place, column: str, reason: str) -> None:
        """Count a difference in which what stands here was kept."""
        self.counts[place.part].conflicts += 1
        self.remarks.append(Remark(place, column, Weight.CONFLICT, reason))
