"""A member's whole data as one signed ZIP, streamed from one snapshot: memory stays flat (P30).

What is in it follows from `FILES`, and these from the declarations. First stands a page that opens
without a network, last the manifest.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from services import (
    archive_consents,
    archive_history,
    archive_manifest,
    archive_messages,
    archive_page,
    archive_policy,
    archive_profile,
    archive_records,
    archive_reports,
    archive_rows,
    archive_schema,
    archive_sharing,
    archive_workbook,
)
from services.archive_attached import Attached
from services.archive_columns import ONCE, UNOPENED, Reading, counts
from services.archive_source import Made, Order, Source
from services.archive_zip import Zip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from services.archive_columns import File, Values

__all__ = ["FILES", "Made", "Order", "Source", "Writing", "count", "write"]

FILES: Final = (
    *archive_profile.FILES, *archive_records.FILES, *archive_consents.FILES,
    *archive_sharing.FILES, *archive_history.FILES, *archive_messages.FILES,
    *archive_reports.FILES,
)  # fmt: skip
"""Every data file there is, in the order of the page."""


def count(source: Source, order: Order) -> int:
    """Return how many rows will be written: one query."""
    return sum(counts(source, _ordered(order)).values())


def _ordered(order: Order) -> tuple[File, ...]:
    return tuple(one for one in FILES if one.group in order.groups)


def write(source: Source, order: Order, sink: BinaryIO, progress: Callable[[int], None]) -> Made:
    """Write the archive to `sink`, which needs no more than `write`; return what was made.

    `progress` is told every some thousand rows how many are done; what it raises ends the work.
    """
    return Writing(source, order, sink, progress).all()


class Writing:
    """One archive while it is written: its parts in any order, the manifest last."""

    def __init__(
        self, source: Source, order: Order, sink: BinaryIO, progress: Callable[[int], None]
    ) -> None:
        self._order, self._progress = order, progress
        self._reading = Reading(source, order.language)
        self._zip = Zip(sink, source.now)
        self._files = _ordered(order)
        self._counts = counts(source, self._files)
        # The smallest files are read once for the page, too.
        self._first = {
            one.name: self._newest(one) if self._counts[one.name] else [] for one in self._files
        }
        self._steps, self._passes = 0, 3 if order.workbook else 2
        self._shut: dict[str, int] = {}
        self._missing: list[dict[str, Any]] = []

    def _newest(self, file: File) -> list[Values]:
        return next(file.batches(self._reading, archive_page.NEWEST))

    def all(self) -> Made:
        """Write everything that was ordered."""
        self.page()
        self.data()
        self.attached()
        if self._order.workbook:
            self.workbook()
        return self.close()

    def page(self) -> None:
        """Write the page that a person opens."""
        page = archive_page.html(self._reading, self._files, self._counts, self._first)
        self._zip.add("index.html", page.encode(errors="replace"))

    def data(self) -> None:
        """Write all rows, as JSON and CSV, with their schemas."""
        for file in self._files:
            self._data(file)

    def attached(self) -> None:
        """Write what the member gave, receipts, proofs, and the policy."""
        attached = Attached(self._reading, self._order.groups, self._tell)
        for name, content in attached.files():
            self._zip.add(name, content)
        self._missing += attached.missing
        for name, content in archive_policy.files(self._reading):
            self._zip.add(name, content)

    def workbook(self) -> None:
        """Write all rows once more, as a workbook."""
        with self._zip.file("workbook.xlsx") as part:
            sheets = ((one, self._told(self._again(one))) for one in self._files)
            archive_workbook.write(part, self._reading, sheets)

    def close(self) -> Made:
        """Write the manifest and end the ZIP."""
        shut = [{"what": w, "count": n, "why": UNOPENED} for w, n in self._shut.items()]
        listed = archive_manifest.make(
            self._reading.source, self._order, self._zip.entries, [*shut, *self._missing]
        )
        self._zip.add(archive_manifest.NAME, listed)
        self._zip.close()
        return Made(sum(self._counts.values()), len(self._zip.entries), self._zip.size)

    def _data(self, file: File) -> None:
        again = self._again(file)
        with self._zip.file(f"data/{file.name}.json", self._counts[file.name]) as part:
            for piece in archive_rows.as_json(file.names, self._told(self._noted(file, again))):
                part.write(piece)
        with self._zip.file(f"data/{file.name}.csv", self._counts[file.name]) as part:
            for piece in archive_rows.as_csv(file.names, self._told(again)):
                part.write(piece)
        schema = archive_schema.schema(file, self._reading)
        text = json.dumps(schema, ensure_ascii=False, indent=1)
        self._zip.add(f"schema/{file.name}.schema.json", text.encode())

    def _again(self, file: File) -> Iterable[list[Values]]:
        """Return the rows, to be gone through more than once."""
        held = self._counts[file.name]
        if held <= archive_page.NEWEST:
            return [self._first[file.name]]
        if held <= ONCE:
            return list(file.batches(self._reading))
        return _Again(file, self._reading)

    def _noted(self, file: File, batches: Iterable[list[Values]]) -> Iterator[list[Values]]:
        """Count what can't be opened on its way: the manifest says it."""
        told = file.columns[-1].name == "problem"
        for rows in batches:
            shut = sum(row[-1] is not None for row in rows) if told else 0
            if shut:
                self._shut[file.name] = self._shut.get(file.name, 0) + shut
            yield rows

    def _told(self, batches: Iterable[list[Values]]) -> Iterator[list[Values]]:
        for rows in batches:
            yield rows
            self._steps += len(rows)
            self._tell()

    def _tell(self) -> None:
        self._progress(self._steps // self._passes)


class _Again:
    """Rows that are read from the snapshot each time."""

    def __init__(self, file: File, reading: Reading) -> None:
        self._file, self._reading = file, reading

    def __iter__(self) -> Iterator[list[Values]]:
        return self._file.batches(self._reading)
