"""Servers to measure: ours, a stock one with an empty page, and ours with a page of constants."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from db.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 60
_KIB = 1024


class Server(str):
    """The address of a server, which also says how much memory it takes."""

    __slots__ = ("process",)
    process: subprocess.Popen[bytes]

    @property
    def memory(self) -> float:
        """Return the resident memory in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        [line] = (one for one in status.splitlines() if one.startswith("VmRSS"))
        return int(line.split()[1]) / _KIB


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/_stcore/health", timeout=2) as answer:  # noqa: S310 (our own)
            return bool(answer.status == 200)  # noqa: PLR2004
    except (URLError, OSError):
        return False


@contextmanager
def _serve(command: list[str], port: int, cwd: Path, given: dict[str, str]) -> Iterator[Server]:
    address = Server(f"http://localhost:{port}")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **given}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603 (our own commands)
            [sys.executable, *command], cwd=cwd, env=environment, stdout=log, stderr=log
        )
        address.process = process
        try:
            until = time.monotonic() + _PATIENCE
            while not _answers(address):
                if process.poll() is not None or time.monotonic() > until:
                    log.seek(0)
                    raise RuntimeError(log.read().decode())
                time.sleep(0.1)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


@contextmanager
def portal(var: Path) -> Iterator[Server]:
    """Serve the portal of this folder; its database must run already."""
    port = _free_port()
    given = {"PORT": str(port), "PORTAL_VAR": str(var), "PORTAL_DEMO": "false"}
    with _serve(["app.py"], port, ROOT, given) as address:
        yield address


@contextmanager
def stock() -> Iterator[Server]:
    """Serve an empty page as `streamlit run` does, in a folder without any configuration."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="jikim-") as folder:
        Path(folder, "empty.py").write_text("import streamlit\n", encoding="utf-8")
        command = ["-m", "streamlit", "run", "empty.py", "--server.headless", "true"]
        # Nothing may leave this computer while measuring; the rest is stock.
        quiet = ["--browser.gatherUsageStats", "false", "--server.address", "localhost"]
        with _serve(
            [*command, *quiet, "--server.port", str(port)], port, Path(folder), {}
        ) as found:
            yield found


@contextmanager
def constants(files: dict[str, str], main: str) -> Iterator[Server]:
    """Serve `files`, of which `main` starts, as ours are served: same settings and middleware."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="jikim-") as name:
        folder = Path(name)
        for file, text in files.items():
            folder.joinpath(file).parent.mkdir(exist_ok=True)
            folder.joinpath(file).write_text(text, encoding="utf-8")
        given = {"PORT": str(port), "PORTAL_VAR": str(folder / "var")}
        command = ["-m", "bench.constants", str(folder / main)]
        with _serve(command, port, ROOT, given) as address:
            yield address
