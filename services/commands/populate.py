"""Add N made-up members with records, sealed as real ones are, to measure a large installation."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from db import clock, populate
from db.errors import PortalError
from db.settings import settings
from db.words import N_
from services import start

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable


class RealInstallationError(PortalError):
    """Made-up members don't belong among real ones."""


def _some(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("n", type=_some, help="how many members")
    parser.add_argument("--records", type=int, default=10, help="records of each; 10 unless told")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other members")


def _progress(total: int) -> Callable[[int], None]:
    started = time.monotonic()

    def show(done: int) -> None:
        took = time.monotonic() - started
        rate = f"{done / took:,.0f} a second"
        text = f"{100 * done // total:3d} %  {done:,} of {total:,} members, {rate}"
        print(f"\r{text}", end="\n" if done == total else "", file=sys.stderr, flush=True)

    return show


def run(chosen: Namespace) -> None:
    """Make the members, showing progress."""
    given, now = settings(), clock.now()
    if given.secure:
        raise RealInstallationError(
            N_("This portal has a public address: made-up members don't belong in it.")
        )
    with start.running(given, now) as addresses:
        house = start.house_of("portal_work", addresses, given)
        try:
            populate.populate(
                house.databases, house.keyring, chosen.n, seed=chosen.seed,
                records=chosen.records, now=now, progress=_progress(chosen.n),
            )  # fmt: skip
        finally:
            house.databases.dispose()
