"""Wrap every member's key anew, under fresh keys of the stores; the keys of before are destroyed.

Stop the portal and every worker first. One that was broken off is run again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from db import aside, clock
from db.settings import settings
from services import rotating, start

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(_parser: ArgumentParser) -> None:
    """Declare the command's arguments: none."""


def run(_chosen: Namespace) -> None:
    """Do it, and say what is to be copied now."""
    now, given = clock.now(), settings()
    with start.server(given) as addresses:
        aside.refuse(addresses.owner[0])
        done = rotating.run(addresses, given, now)
    print(f"{done.keys:,} keys are wrapped anew.")
    if done.broken:
        print(f"{done.broken:,} keys opened neither before nor now.")
    print(f"Copy {given.var / 'keys'} to its safe anew, and destroy the copy of before:")
    print(f"the backup of the keys ({given.keys_backup_file}) opens with these only.")
