"""Do what falls due by itself: destroy what is past its time, seal the ledger's days that are over.

Twice changes nothing.

The worker does the same every hour, so nobody has to run this.
"""

from __future__ import annotations

import sys
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from db import clock
from db.errors import PortalError
from db.settings import settings
from db.words import N_
from services import (
    account_recovery,
    ages,
    barring,
    case_lives,
    daily,
    demo_family,
    destruction,
    dormancy,
    report_ending,
    start,
)
from services.house import open_house

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from services.daily import Report
    from services.house import House

_NOON = time(12)


class NowError(PortalError):
    """Another day than today was asked for, where it would do harm."""


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--dry-run", action="store_true", help="say what is due, and do nothing")
    parser.add_argument(
        "--now", type=date.fromisoformat, metavar="DATE",
        help="pretend that it is DATE (YYYY-MM-DD), noon in Seoul; with --dry-run or in the demo",
    )  # fmt: skip


def run(chosen: Namespace) -> None:
    """Do it, or say what is due."""
    real, given = clock.now(), settings()
    now = datetime.combine(chosen.now, _NOON, clock.SEOUL) if chosen.now else real
    with start.running(given, real) as addresses:
        house = start.house_of("portal_work", addresses, given)
        try:
            print(_said(_report(chosen, house, now, real), dry=chosen.dry_run))
            if found := _destroyed(chosen, house, now):
                print(found)
        finally:
            house.databases.dispose()


def _report(chosen: Namespace, house: House, now: datetime, real: datetime) -> Report:
    data = house.databases.data
    if chosen.dry_run:
        return daily.due(data, now)
    if chosen.now and not demo_family.is_here(house.databases.keys):
        raise NowError(N_("Another day can only be tried with --dry-run, or in the demo."))
    open_house(house)
    report = daily.run(data, settings().var, now, real)
    account_recovery.run(house, now)
    ages.run(house, now)
    case_lives.run(house, now)
    dormancy.run(house, now)
    barring.run(house, now)
    report_ending.run(house, now)
    return report


def _destroyed(chosen: Namespace, house: House, now: datetime) -> str:
    """Destroy what is due, showing progress, or count it; return what to say, if anything."""
    if chosen.dry_run:
        with house.databases.data.connect() as data:
            found = destruction.plan(data, now)
        lines = [f"  {one.rows} {one.kind} ({one.store})" for one in found]
        return "\n".join(["To be destroyed:", *lines] if lines else [])
    done = destruction.run(house.databases, now, _show)
    if not (done.rows or done.members or done.keys):
        return ""
    later = "" if done.erased else " What the files still hold goes with the next run."
    return f"Destroyed: {done.rows} rows, {done.members} members, {done.keys} keys.{later}"


def _show(done: int, total: int) -> None:
    end = "\n" if done >= total else ""
    print(f"\r{100 * done // max(total, 1):3d} %  {done:,} of {total:,} rows destroyed", end=end,
          file=sys.stderr, flush=True)  # fmt: skip


def _said(report: Report, *, dry: bool) -> str:
    said = [_sealed(report, dry=dry)]
    if report.birthdays:
        verb = "To be cleared" if dry else "Cleared"
        said.append(f"{verb}: {report.birthdays} birthdays on which a child turned 14.")
    return "\n".join(said)


def _sealed(report: Report, *, dry: bool) -> str:
    if not report.sealed:
        return "Every day that is over is sealed."
    days = f"{report.sealed[0]} to {report.sealed[-1]}"
    verb = "To be sealed" if dry else "Sealed"
    return f"{verb}: {len(report.sealed)} days, {days}."
