"""The whole portal as a process of its own, with the demo family, for browser tests."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from db import embedded
from db.settings import ROOT
from tests.folders import folder

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 90


@dataclass(frozen=True)
class Served:
    """A running portal: where it is, and the folder with its database, keys and mailbox."""

    address: str
    var: Path
    log: Path


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/healthz", timeout=2) as answer:  # noqa: S310 (our own address)
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _wait(process: subprocess.Popen[bytes], served: Served) -> None:
    until = time.monotonic() + PATIENCE
    while not _answers(served.address):
        if process.poll() is not None or time.monotonic() > until:
            message = f"The portal did not start:\n{served.log.read_text()}"
            raise RuntimeError(message)
        time.sleep(0.1)  # a start has no event to wait for


@contextmanager
def serve(**settings: str) -> Iterator[Served]:
    """Start a portal with a folder of its own; stop it and remove the folder afterwards.

    Without settings it starts from a copy of what a first start leaves, which takes half the time.
    """
    with folder() as name:
        if not settings:
            subprocess.run(["cp", "-a", f"{_first()}/.", name], check=True)  # noqa: S603, S607 (keeps owners)
        with _running(Path(name), settings) as served:
            yield served


@cache
def _first() -> str:
    """Return a folder in which a portal was started once, and stopped."""
    made = folder()
    atexit.register(made.cleanup)
    with _running(Path(made.name), {}):
        pass
    return made.name


@contextmanager
def _running(home: Path, settings: dict[str, str]) -> Iterator[Served]:
    var, port = home / "var", free_port()
    var.mkdir(exist_ok=True)
    served = Served(f"http://localhost:{port}", var, home / "log")
    given = {"PORT": str(port), "PORTAL_VAR": str(var), **settings}
    with served.log.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env=os.environ | given, stdout=log, stderr=log
        )
    try:
        _wait(process, served)
        yield served
    finally:
        process.terminate()
        process.wait(timeout=20)
        embedded.stop(var)
