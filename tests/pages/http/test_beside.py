"""The worker beside the portal: a killed one is started again, and it ends with the portal."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

from pages.http import beside

if TYPE_CHECKING:
    from pathlib import Path

# Says that it is there by a line, then stays until it is told to go.
_SAYS = """
import os, signal
with open("lives", "a") as file:
    print(os.getpid(), file=file, flush=True)
signal.pause()
"""


async def lives(folder: Path, count: int) -> list[int]:
    """Wait until it was started so many times; return the process numbers."""
    while True:
        text = (folder / "lives").read_text() if (folder / "lives").exists() else ""
        if text.count("\n") >= count:
            return [int(line) for line in text.split()]
        await asyncio.sleep(0)


def test_a_killed_worker_is_started_again_and_none_outlives_the_portal(tmp_path: Path) -> None:
    async def portal() -> list[int]:
        async with beside.kept([sys.executable, "-c", _SAYS], tmp_path, pause=0):
            (first,) = await lives(tmp_path, 1)
            os.kill(first, signal.SIGKILL)
            return await lives(tmp_path, 2)

    first, second = asyncio.run(portal())
    assert first != second
    for process in (first, second):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            continue
        raise AssertionError(process)
