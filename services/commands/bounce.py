"""Record a mail that came back: FILE, or - for what a mail server hands to a program.

One report a run (RFC 3464). Anything else, a delay say, is left alone.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from db import clock
from db.settings import settings
from services import bounces, start, waking

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", metavar="FILE", help="the report as it came, or - to read it")


def _raw(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read(bounces.LONGEST + 1)
    return Path(name).read_bytes()


def run(chosen: Namespace) -> None:
    """Record it, and say so without naming anybody."""
    message_id = bounces.failed(_raw(chosen.file))
    if message_id is None:
        print("No mail of ours came back in this.")
        return
    now, given = clock.now(), settings()
    with start.running(given, now) as addresses:
        house = start.house_of("portal_work", addresses, given)
        try:
            # Whoever was separated on this notice was not told: they come back first (P10).
            waking.undo(house, message_id, now)
            with house.databases.data.begin() as data:
                new = bounces.record(data, message_id, now)
            print("Recorded." if new else "It was recorded before, or is no mail of ours.")
        finally:
            house.databases.dispose()
