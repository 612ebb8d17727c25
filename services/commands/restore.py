"""Put a backup of the data back, and do again all that was done since, before anything opens.

Stop the portal and every worker first. A restore that was broken off is run again as it was.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from db import clock
from db.settings import settings
from services import restore, restore_report, start

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the backup of the data")
    parser.add_argument(
        "--over", action="store_true", help="replace the data that is there; it is lost"
    )
    parser.add_argument(
        "--keys", type=Path, metavar="FILE",
        help="restore the keys from this backup, too, though there are some "
        "(without keys they come from the newest backup by themselves)",
    )  # fmt: skip
    parser.add_argument(
        "--unreplayed", action="store_true",
        help="without a journal that knows this backup: nothing that was done since is done again",
    )  # fmt: skip


def run(chosen: Namespace) -> None:
    """Restore, and say what came back, what was done again and what is lost."""
    now, given = clock.now(), settings()
    wish = restore.Wish(chosen.file, chosen.over, chosen.keys, chosen.unreplayed)
    with start.server(given) as addresses:
        report = restore.run(addresses, given, wish, now)
    print("\n".join(restore_report.lines(report)))
