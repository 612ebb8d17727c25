"""Runs the worker's queues side by side, so that what takes minutes never holds up what is quick.

A copy of a large member's data may take minutes of a processor. In a lane of its own it leaves
mail, codes, withdrawals and wakings their own slots.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Unpack

from services import jobs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from procrastinate import App
    from procrastinate.app import WorkerOptions

LANES: Final = {jobs.QUICK: 2, jobs.LONG: 1}
"""Jobs at once, by queue. One long one at a time: its work is one processor's."""


@contextmanager
def _until_told(tasks: Iterable[asyncio.Task[None]]) -> Iterator[None]:
    """End the lanes when the process is told to end (SIGTERM, Ctrl-C)."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for task in tasks:
            task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _lane(given: WorkerOptions, queue: str, count: int) -> WorkerOptions:
    return {**given, "queues": [queue], "concurrency": count, "install_signal_handlers": False}


async def _run(app: App, given: WorkerOptions) -> None:
    async with app.open_async(), asyncio.TaskGroup() as group:
        # In a group: when one lane breaks, so does the other, and whoever started us sees it.
        tasks = [
            group.create_task(app.run_worker_async(**_lane(given, queue, count)))
            for queue, count in LANES.items()
        ]
        if given.get("wait", True):
            with _until_told(tasks):
                await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)


def run(app: App, **given: Unpack[WorkerOptions]) -> None:
    """Run every lane until told to stop; with `wait=False` until the queues are empty."""
    asyncio.run(_run(app, given))
