"""Check a proof that a member took from the portal, or a certificate of leaving: FILE.

Needs no database.

The key must be one that you trust: the installation's own `seal.pub` unless --key names another.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from db import seal_keys
from db.settings import settings
from services import certificate, proof

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", type=Path, help="the proof, as it was downloaded")
    parser.add_argument("--key", type=Path, metavar="FILE", help="the public key: 64 hex digits")


def run(chosen: Namespace) -> None:
    """Print what the proof proves; a proof that proves nothing is an error."""
    verifier = seal_keys.verifier(chosen.key or settings().var / "keys" / seal_keys.PUBLIC)
    if found := certificate.load(chosen.file):
        certificate.check(found, verifier)
        print(f"Certificate {found['number']}: left at {found['left_at']}.")
        for line in found["lines"]:
            print(json.dumps(line))
        print("It says what was signed.")
        return
    proved = proof.check(proof.load(chosen.file), verifier)
    for event in proved.events:
        print(json.dumps(event, ensure_ascii=False))
    sealed = ", ".join(map(str, proved.days))
    print(f"{len(proved.events)} events, sealed for {sealed}, as of the seal of {proved.head}.")
    print("They are in the ledger as they stand here.")
