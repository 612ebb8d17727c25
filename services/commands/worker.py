"""Run the worker: it delivers messages. Run several, on any machine, to go faster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db import aside, engines
from db.settings import settings
from services.worker import run_worker

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(_parser: ArgumentParser) -> None:
    """Declare the command's arguments: none."""


def run(_chosen: Namespace) -> None:
    """Run until stopped."""
    addresses = engines.find(settings())
    aside.refuse(addresses.owner[0])
    run_worker(addresses, settings())
