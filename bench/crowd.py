"""Many tabs at once: how many sessions one process holds, 95 of 100 actions under 500 ms."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from itertools import chain, cycle, islice
from typing import TYPE_CHECKING

from websockets.asyncio.client import connect
from websockets.typing import Origin, Subprotocol

from bench.tab import PATIENCE, ended

if TYPE_CHECKING:
    from collections.abc import Sequence

    from websockets.asyncio.client import ClientConnection

    from bench.tab import Place

EVERY = 5.0
"""Seconds between two actions of one session."""
LIMIT = 500.0
"""Milliseconds that 95 of 100 actions may take."""
_ACTIONS = 2
_AT_ONCE = 8


async def _run(socket: ClientConnection, asked: bytes) -> float:
    started = time.perf_counter()
    await socket.send(asked)
    async with asyncio.timeout(PATIENCE):
        while True:
            raw = await socket.recv()
            if ended(raw if isinstance(raw, bytes) else raw.encode()):
                return (time.perf_counter() - started) * 1000


@dataclass
class Crowd:
    """Open tabs of a page; each is the next of `places`, from the first again at the end."""

    places: Sequence[Place]
    sockets: list[ClientConnection]

    async def grow(self, wanted: int) -> None:
        """Open tabs, a few at a time, until there are as many as wanted."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(place: Place) -> ClientConnection:
            async with gate:
                socket = await connect(
                    place.socket,
                    origin=Origin(place.server),
                    additional_headers=place.headers,
                    subprotocols=[Subprotocol("streamlit")],
                    compression=None,
                    max_size=None,
                    ping_interval=None,
                    open_timeout=PATIENCE,
                )
                await _run(socket, place.rerun)
                return socket

        chosen = islice(cycle(self.places), len(self.sockets), wanted)
        self.sockets += await asyncio.gather(*(one(place) for place in chosen))

    async def p95(self) -> float:
        """Let each session act a few times, evenly spread; return the 95th percentile."""
        asked, chance = self.places[0].rerun, random.Random(1)  # noqa: S311 (spreads load)

        async def one(socket: ClientConnection) -> list[float]:
            await asyncio.sleep(chance.random() * EVERY)
            times = []
            for _ in range(_ACTIONS):
                took = await _run(socket, asked)
                times.append(took)
                await asyncio.sleep(max(EVERY - took / 1000, 0))
            return times

        found = await asyncio.gather(*(one(socket) for socket in self.sockets))
        taken = sorted(chain.from_iterable(found))
        return taken[int(len(taken) * 0.95)]


async def _held(places: Sequence[Place], levels: list[int]) -> int:
    crowd, held = Crowd(places, []), 0
    try:
        for level in levels:
            await crowd.grow(level)
            p95 = await crowd.p95()
            print(f"    {level:5} sessions: p95 {p95:7.1f} ms", flush=True)
            if p95 > LIMIT:
                break
            held = level
    except (TimeoutError, OSError) as error:
        print(f"    broke off: {type(error).__name__}", flush=True)
    finally:
        await asyncio.gather(*(s.close() for s in crowd.sockets), return_exceptions=True)
    return held


def held(places: Sequence[Place], levels: list[int]) -> int:
    """Return the highest of the rising levels that was held; 0 when none was."""
    return asyncio.run(_held(places, levels))
