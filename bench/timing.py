"""Times a piece of work beside its floor: the least that the same databases must do for it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Measure:
    """`value` and `floor` are medians, in `unit`; `ratio` is how many floors the value is."""

    value: float
    floor: float
    ratio: float
    unit: str

    def as_row(self) -> dict[str, Any]:
        """Return what `bench/results.json` holds."""
        return asdict(self)


def beside(
    work: Callable[[], object], floor: Callable[[], object], rounds: int, *, warm: int = 5
) -> Measure:
    """Run both in turn, so that a slow moment of the machine slows both; in milliseconds."""
    for _ in range(warm):
        work()
        floor()
    pairs = [(_milliseconds(work), _milliseconds(floor)) for _ in range(rounds)]
    worked, bare = (median(column) for column in zip(*pairs, strict=True))
    return Measure(round(worked, 3), round(bare, 3), round(worked / bare, 2), "ms")


def _milliseconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1000
