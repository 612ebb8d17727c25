"""Import members from SOURCE by MAP. Running it again doubles nothing and undoes nothing.

SOURCE is a database address (any that SQLAlchemy knows), an SQLite file, or a folder of CSV files.
MAP is a TOML file; `db/importer/maps/chinook.toml` is an example.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from db import clock, importer
from db.settings import settings
from services import first_run, start

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from datetime import datetime

    from db.importer import Progress, Summary
    from services.house import House


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("source", help="database address, SQLite file, or folder of CSV files")
    parser.add_argument("map", type=Path, help="TOML file that says what becomes what")
    parser.add_argument("--report", type=Path, help="where to write what was refused, as CSV")


def _show(progress: Progress) -> None:
    share = 100 * progress.done // max(progress.total, 1)
    text = f"{share:3d} %  {progress.done:,} of {progress.total:,} rows"
    print(f"\r{text}", end="", file=sys.stderr, flush=True)


def _say(summary: Summary) -> None:
    print(file=sys.stderr)
    print("\n".join(summary.sentences()))


def run(chosen: Namespace) -> int:
    """Import, showing progress; return 1 when the source ended early."""
    now, given = clock.now(), settings()
    report = chosen.report or given.var / "import-report.csv"
    with start.running(given, now) as addresses:
        house = start.house_of("portal_work", addresses, given)
        try:
            return _import(chosen, house, now, report)
        finally:
            house.databases.dispose()


def _import(chosen: Namespace, house: House, now: datetime, report: Path) -> int:
    engines = house.databases
    with engines.data.begin() as connection:
        # What it brings past its time waits for the officer (`/desk-destruction`).
        first_run.expect(connection, chosen.map.stem, now)
    try:
        _say(
            importer.run(
                chosen.source,
                chosen.map,
                engines.data,
                engines.keys,
                house.keyring,
                now,
                _show,
                report,
            )
        )
    except importer.ImportStoppedError as stopped:
        _say(stopped.summary)
        print(stopped, file=sys.stderr)
        return 1
    return 0
