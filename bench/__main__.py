"""Measure the portal beside its floors: `make bench` prints them and writes bench/results.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from bench import gate, my_data, sealing
from bench.installation import installation

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.installation import Installation
    from bench.timing import Measure

RESULTS = Path(__file__).with_name("results.json")
MEASURES: dict[str, Callable[[Installation], Measure]] = {
    "gate_beside_one_query": gate.measure,
    "my_data_beside_empty_queries": my_data.measure,
    "sealed_write_beside_plain_insert": sealing.measure,
}


def main() -> None:
    """Run every measure on one fresh installation."""
    found = {}
    with installation() as place:
        for name, measure in MEASURES.items():
            one = found[name] = measure(place)
            print(f"{name:34} {one.value:10.2f} {one.unit}  {one.ratio:5.2f} times {one.floor:.2f}")
    rows = {name: one.as_row() for name, one in found.items()}
    RESULTS.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
