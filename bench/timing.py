"""Times a piece of work beside its floor: the least that the same databases must do for it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Measure:
    """`value` and `floor` are medians, in `unit`; `ratio` is how many floors the value is."""

    value: float
    floor: float
    ratio: float
    unit: str

    @classmethod
    def of(cls, value: float, floor: float) -> Measure:
        """Return the measure of two medians in milliseconds."""
        return cls(round(value, 3), round(floor, 3), round(value / floor, 2), "ms")

    def as_row(self) -> dict[str, Any]:
        """Return what `bench/results.json` holds."""
        return asdict(self)


def in_turn(works: Sequence[Callable[[], object]], rounds: int, *, warm: int = 5) -> list[float]:
    """Return the median of each, in milliseconds; in turn, so that a slow moment slows them all."""
    for _ in range(warm):
        for work in works:
            work()
    taken = [[_milliseconds(work) for work in works] for _ in range(rounds)]
    return [median(column) for column in zip(*taken, strict=True)]


def beside(
    work: Callable[[], object], floor: Callable[[], object], rounds: int, *, warm: int = 5
) -> Measure:
    """Run both in turn and compare their medians."""
    return Measure.of(*in_turn([work, floor], rounds, warm=warm))


def _milliseconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1000
