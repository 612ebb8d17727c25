"""Make the demo family: accounts for trying the portal out, all with the password `demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db import clock, keyring
from db.settings import settings
from services import demo_family, start

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(_parser: ArgumentParser) -> None:
    """Declare the command's arguments: none."""


def run(_chosen: Namespace) -> None:
    """Make the family and print its accounts."""
    now = clock.now()
    with start.running(settings(), now) as addresses:
        accounts = demo_family.make(settings(), addresses, now)
        left = demo_family.certificate_of(keyring.load(settings().var / "keys", ()))
        print(demo_family.table(accounts, left))
