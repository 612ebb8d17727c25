"""Run the worker: it delivers messages. Run several, on any machine, to go faster."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, Final

from db import aside, engines
from db.settings import settings
from services.worker import run_worker

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


_AFTER_PAGES: Final = 10
"""How far the worker stands back when the machine is busy: somebody waits for a page."""


def arguments(_parser: ArgumentParser) -> None:
    """Declare the command's arguments: none."""


def run(_chosen: Namespace) -> None:
    """Run until stopped."""
    if hasattr(os, "nice"):
        os.nice(_AFTER_PAGES)
    addresses = engines.find(settings())
    aside.refuse(addresses.owner[0])
    # What is imported stays: looking through it again and again took a quarter of a long job.
    gc.collect()
    gc.freeze()
    run_worker(addresses, settings())
