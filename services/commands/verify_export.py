"""Check an archive that a member took along: FILE. Needs no database and no network.

The key must be one that you trust: the installation's own `seal.pub` unless --key names another.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from db import seal_keys
from db.settings import settings
from services import archive_check

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", type=Path, help="the archive, as it was downloaded")
    parser.add_argument("--key", type=Path, metavar="FILE", help="the public key: 64 hex digits")


def run(chosen: Namespace) -> None:
    """Say what the archive is; one that is not as it was made is an error that names what."""
    verifier = seal_keys.verifier(chosen.key or settings().var / "keys" / seal_keys.PUBLIC)
    found = archive_check.check(chosen.file, verifier)
    made = found.manifest
    print(f"Made at {made['made_at']}: {found.files} files, {made['rows']} rows.")
    print(f"Groups: {', '.join(made['groups'])}. Policy of {made['policy_version']}.")
    for one in made["not_given"]:
        print(f"Not given: {one['what']}: {one['why']} ({one['count']}).")
    print("Everything is as it was signed.")
