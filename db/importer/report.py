"""The report of an import: refusals and conflicts with their reasons, and no value of anybody's."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from db.errors import PortalError
from db.words import N_

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    from db.importer.tally import Counts, Remark


class ReportError(PortalError):
    """The report can't be written. Nothing was imported."""


class Report:
    """A CSV file, readable by us alone, written as the import goes."""

    def __init__(self, path: Path) -> None:
        """Start the file anew. Raise `ReportError` when that is not possible."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise ReportError(
                N_("The report {file} can't be written: {reason}."),
                file=path,
                reason=error.strerror,
            ) from None
        # With the mark by which Excel knows UTF-8.
        self._file = os.fdopen(handle, "w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(("table", "row", "column", "what", "reason"))

    def write(self, remarks: Iterable[Remark]) -> None:
        """Add remarks and let them reach the disk."""
        for remark in remarks:
            place = remark.place
            self._writer.writerow(
                (place.part, place.row, remark.column, remark.weight, remark.reason)
            )
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


@dataclass(frozen=True)
class Summary:
    """An import in numbers, by part of the map, members first."""

    name: str
    parts: dict[str, Counts]
    report: Path

    @property
    def read(self) -> int:
        """Return how many rows the source gave."""
        return sum(part.fetched for part in self.parts.values())

    @property
    def came_in(self) -> int:
        """Return how many of them came in."""
        return sum(part.came_in for part in self.parts.values())

    @property
    def refused(self) -> int:
        """Return how many did not."""
        return sum(part.refused for part in self.parts.values())

    @property
    def conflicts(self) -> int:
        """Return how many differences were kept as they stand here."""
        return sum(part.conflicts for part in self.parts.values())

    def sentences(self) -> list[str]:
        """Return the lines in which the command line says it."""
        lines = [_sentence(name, part) for name, part in self.parts.items()]
        lines.append(
            f"Together: {self.came_in:,} came in + {self.refused:,} refused = {self.read:,} read."
        )
        if past := sum(part.past_period for part in self.parts.values()):
            lines.append(f"{past:,} records came in past their period, and wait for destruction.")
        if self.refused or self.conflicts or any(p.values_refused for p in self.parts.values()):
            lines.append(f"Reasons are in {self.report}.")
        return lines


def _sentence(name: str, part: Counts) -> str:
    parts = [(part.new, "new"), (part.changed, "changed"), (part.same, "as before"),
             (part.silent, "saying nothing")]  # fmt: skip
    detail = ", ".join(f"{number:,} {word}" for number, word in parts if number)
    extra = [(part.values_refused, "single values refused"), (part.conflicts, "conflicts")]
    more = "".join(f"; {number:,} {word}" for number, word in extra if number)
    came = f"{part.came_in:,} came in" + (f" ({detail})" if detail else "")
    return f"{name}: {came} + {part.refused:,} refused = {part.fetched:,} read{more}."
