"""Keeps a program running beside the portal: the worker. One that dies is started again."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

PAUSE: Final = 5.0
"""Seconds before it is started again: a database that restarts is not asked without end."""
_PATIENCE: Final = 10.0


class _Kept:
    """The program as it runs now."""

    def __init__(self) -> None:
        self.process: Process | None = None

    async def run(self, command: Sequence[str], folder: Path, pause: float) -> None:
        """Start it whenever it has ended, for ever."""
        while True:
            self.process = await asyncio.create_subprocess_exec(*command, cwd=folder)
            await self.process.wait()
            await asyncio.sleep(pause)

    async def end(self) -> None:
        """Let it finish what it has in hand."""
        if self.process is None or self.process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self.process.terminate()
        await asyncio.wait_for(self.process.wait(), _PATIENCE)


@asynccontextmanager
async def kept(command: Sequence[str], folder: Path, pause: float = PAUSE) -> AsyncIterator[None]:
    """Keep `command` running in `folder` as long as the block lasts."""
    one = _Kept()
    running = asyncio.create_task(one.run(command, folder, pause))
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await one.end()
