"""Write large tables anew, so that nothing destroyed is left in their files.

Small ones are whenever something of them is destroyed. It shuts a table meanwhile, so that pages
wait: run it in a quiet hour, once a month or so. There must be room for a copy of the largest.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from db import clock
from db.settings import settings
from services import rewriting, start

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from db.engines import Databases
    from services.rewriting import Large


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--dry-run", action="store_true", help="say which, and do nothing")


def run(chosen: Namespace) -> int:
    """Do it, or say what would be done; return 1 when a table was in use all the time."""
    now, given = clock.now(), settings()
    with start.running(given, now) as addresses:
        house = start.house_of("portal_work", addresses, given)
        try:
            tables = rewriting.large(house.databases)
            if not tables:
                print("No table is so large that it is not written anew anyway.")
                return 0
            if chosen.dry_run:
                print("\n".join(map(_named, tables)))
                return 0
            return _rewrite(house.databases, tables)
        finally:
            house.databases.dispose()


def _named(table: Large) -> str:
    return f"{table.name}, {table.size / 2**20:,.0f} MiB"


def _rewrite(databases: Databases, tables: list[Large]) -> int:
    busy, done = 0, rewriting.run(databases, tables, clock.now())
    for number, table in enumerate(tables, 1):
        print(f"{number} of {len(tables)}: {_named(table)} …", end=" ", flush=True)
        began = time.monotonic()
        written = next(done)
        busy += not written
        print(f"written anew in {time.monotonic() - began:.0f} s." if written else "is in use.")
    list(done)  # what is to be noted at the end
    if busy:
        print(f"{busy} of them could not be locked within half a minute: run this again later.")
    return int(bool(busy))
