"""Whether memory stays flat over many reruns, and what an idle session takes.

`python -m bench.memory 50000` is the whole run; without a number it is a short one. It prints, and
keeps nothing.
"""

from __future__ import annotations

import asyncio
import sys

from bench import crowd, many, serving
from bench.installation import installation
from bench.tab import Place, Tab

RERUNS, IDLE, WARM, POINTS = 2000, 2000, 2000, 10


def reruns(server: serving.Server, place: Place, count: int) -> None:
    """Print the memory now and then over `count` reruns of one tab."""
    with Tab(place) as tab:
        for _ in range(WARM):
            tab.rerun()
        started = server.memory
        for point in range(1, POINTS + 1):
            for _ in range(count // POINTS):
                tab.rerun()
            grown = server.memory - started
            print(f"after {point * count // POINTS:6} reruns: {grown:+6.1f} MiB", flush=True)


async def _idle(server: serving.Server, places: list[Place], count: int) -> None:
    tabs, before = crowd.Crowd(places, []), server.memory
    await tabs.grow(count)
    each = (server.memory - before) / count * 1024
    print(f"{count} idle sessions: {each:.0f} KiB each, {server.memory:.0f} MiB in all", flush=True)
    await asyncio.gather(*(socket.close() for socket in tabs.sockets), return_exceptions=True)


def main() -> None:
    """Measure on a fresh installation."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else RERUNS
    with installation() as house:
        many.fill(house, IDLE, seed=2)
        with serving.portal(house.var) as server:
            cookies = [house.sign_in(person) for person in many.people(house, IDLE)]
            print(f"at the start: {server.memory:.0f} MiB", flush=True)
            reruns(server, Place(server, "", cookies[0]), count)
            asyncio.run(_idle(server, [Place(server, "", one) for one in cookies], IDLE))


if __name__ == "__main__":
    main()
