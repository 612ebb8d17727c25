"""Check the ledger: every seal, and every event in one. Ends with 1 when anything was changed.

Keep a copy elsewhere (--export FILE) and compare with it (--against FILE): then not even somebody
who has the database and the key can rewrite what was. The worker keeps one in its own folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from db import clock, seal_keys
from db.settings import settings
from services import seal_copy, start, verify_ledger

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from services.seal import Seal


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--export", type=Path, metavar="FILE", help="write the seals, one a line")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with such a copy")


def run(chosen: Namespace) -> int:
    """Print every finding; return 1 when there is one."""
    now, given = clock.now(), settings()
    with start.running(given, now) as addresses:
        house = start.house_of("portal_work", addresses, given)
        verifier = seal_keys.verifier(given.var / "keys" / seal_keys.PUBLIC)
        engine = house.databases.data.execution_options(isolation_level="REPEATABLE READ")
        try:
            with engine.connect() as connection:
                check = verify_ledger.Check(connection)
                wrong = 0
                for finding in check.all(verifier, now, _copies(chosen, given.var)):
                    print(finding)
                    wrong += 1
                _export(chosen, check.seals)
                print(_sum(check, wrong))
        finally:
            house.databases.dispose()
    return 1 if wrong else 0


def _copies(chosen: Namespace, var: Path) -> tuple[Seal, ...]:
    own = var / seal_copy.NAME
    found = seal_copy.read(own) if own.exists() else ()
    return found + (seal_copy.read(chosen.against) if chosen.against else ())


def _export(chosen: Namespace, seals: tuple[Seal, ...]) -> None:
    if chosen.export:
        seal_copy.write(chosen.export, seals)


def _sum(check: verify_ledger.Check, wrong: int) -> str:
    checked = f"{check.events:,} events in {len(check.seals):,} seals"
    if wrong:
        return f"{wrong:,} findings in {checked}."
    return f"{checked}: nothing was changed. {check.waiting():,} events wait for their seal."
