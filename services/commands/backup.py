"""Back up the data to FILE, or into the folder FILE under a name with the time; and the keys.

A backup of data may be kept 30 days; later runs into the same folder remove those that are older.
Of the keys only the newest backup is kept, at one place of its own (PORTAL_KEYS_BACKUP).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from db import clock
from db.settings import settings
from services import backup, start

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a file to write, or a folder")


def run(chosen: Namespace) -> None:
    """Back up, and say what stands where until when."""
    now, given = clock.now(), settings()
    with start.running(given, now) as addresses:
        made = backup.make(addresses, given, chosen.file, now)
    print(f"Data: {made.file}, {made.file.stat().st_size:,} bytes.")
    print(f"  Remove every copy of it by {clock.seoul_day(made.keep_until)}.")
    print(f"Keys: {made.keys_file}. Keep no older copy of it, and keep it apart from the data.")
    print(
        f"Neither opens without {given.var / 'keys'}: keep a copy of that folder apart from both."
    )
    for path in made.removed:
        print(f"Removed, since its time was over: {path}")
