"""A whole import: check the map, read, write, report.

What came in and what was refused adds up to what was read: every row the source gives is counted as
fetched, and again by what became of it; a run whose two counts differ is an error.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from db.clock import seoul_day
from db.errors import PortalError
from db.importer import map_file, plan
from db.importer.csv_folder import CsvSource
from db.importer.guardians import Links
from db.importer.misfits import misfits
from db.importer.opening import open_source
from db.importer.parse import Reading
from db.importer.reader import Reader
from db.importer.report import Report, Summary
from db.importer.rules import Identities, Rules
from db.importer.source import SourceEndedError
from db.importer.storing import Storage
from db.importer.tally import Counts, Tally
from db.policy import policies
from db.words import N_

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Engine

    from db.importer.plan import Plan
    from db.importer.source import Source
    from db.keyring import Keyring

_LOCK = 7_251_105
"""Advisory lock in the keys database: one import at a time."""


@dataclass(frozen=True)
class Progress:
    """How far an import is. `done` and `total` count rows of all tables of the map."""

    done: int
    total: int
    came_in: int
    refused: int


class ImportStoppedError(PortalError):
    """The source ended early. `summary` says what came in; running again continues."""

    summary: Summary


class ImportBusyError(PortalError):
    """Another import is running."""


def run(  # noqa: PLR0913, PLR0917 (the two databases and the keyring are apart on purpose)
    source: str,
    map_path: Path,
    data: Engine,
    keys: Engine,
    keyring: Keyring,
    now: datetime,
    progress: Callable[[Progress], None],
    report: Path,
) -> Summary:
    """Import `source` (a database address, an SQLite file, a folder of CSV files) by a map.

    `data` and `keys` are engines of `portal_work`. Members come in batches, each member whole.
    Raise `PortalError` before anything is written when map or source are wrong, and
    `ImportStoppedError`, which holds a summary, when the source breaks off on the way.
    """
    found = map_file.load(map_path)
    storage = Storage(data, keys, keyring, found.name, now, seoul_day(now))
    with closing(open_source(source)) as opened:
        return read(opened, plan.make(found, opened), storage, progress, report)


def read(
    source: Source,
    made: Plan,
    storage: Storage,
    progress: Callable[[Progress], None],
    report: Path,
) -> Summary:
    """Import an opened source by a checked plan; see `run`."""
    with _alone(storage.keys), Report(report) as file:
        whole = Tally({label: Counts(table) for label, table in made.tables.items()})
        summary = Summary(made.map.name, whole.counts, report)
        try:
            for label, table in made.tables.items():
                whole.counts[label].total = source.count(table)
            if isinstance(source, CsvSource):
                _index(source, made)
            for tally in _tallies(source, made, storage, whole):
                file.write(tally.remarks)
                tally.remarks.clear()
                whole.add(tally)
                progress(_progress(whole))
        except SourceEndedError as error:
            raise _stopped(summary, str(error)) from None
        _check(summary)
        return summary


def _tallies(source: Source, made: Plan, storage: Storage, whole: Tally) -> Iterator[Tally]:
    """Yield what became of each batch, once it is committed."""
    reading = Reading(storage.today, made.map.phone_country, tuple(made.map.date_formats))
    ids = Identities(storage.keyring, made.map.name)
    reader = Reader(made, source, reading, Rules(policies()), ids, whole.empty())
    for batch in reader.batches():
        storage.store(batch.members, batch.tally)
        yield batch.tally
    yield from misfits(reader)
    yield from Links(reader, storage).tallies()


def _index(source: CsvSource, made: Plan) -> None:
    joins = [branch.join for branch in made.branches]
    joins += [branch.lines.join for branch in made.branches if branch.lines]
    for join in joins:
        source.index(join.table, join.by)
        source.index(join.parent, join.key)


def _progress(whole: Tally) -> Progress:
    counts = whole.counts.values()
    return Progress(
        sum(c.fetched for c in counts),
        sum(c.total for c in counts),
        sum(c.came_in for c in counts),
        sum(c.refused for c in counts),
    )


def _check(summary: Summary) -> None:
    """Raise unless all that the source counted was read, and all that was read is accounted for."""
    for label, part in summary.parts.items():
        if part.came_in + part.refused != part.fetched:
            msg = f"{label}: {part.came_in} came in + {part.refused} refused, {part.fetched} read"
            raise AssertionError(msg)
        if part.fetched < part.total:
            raise _stopped(summary, f"{label} has fewer rows than it counted at first")


def _stopped(summary: Summary, reason: str) -> ImportStoppedError:
    error = ImportStoppedError(
        N_(
            "The source ended early ({reason}): {done} of {total} rows were read. Every member "
            "who came in came in whole. Run the import again to continue."
        ),
        reason=reason,
        done=summary.read,
        total=sum(part.total for part in summary.parts.values()),
    )
    error.summary = summary
    return error


@contextmanager
def _alone(keys: Engine) -> Iterator[None]:
    """Keep a second import from running beside this one."""
    with keys.connect() as connection:
        if not connection.scalar(text(f"select pg_try_advisory_lock({_LOCK})")):
            raise ImportBusyError(N_("Another import is running. Wait until it has ended."))
        connection.commit()
        try:
            yield
        finally:
            connection.execute(text(f"select pg_advisory_unlock({_LOCK})"))
            connection.commit()
