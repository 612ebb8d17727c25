"""Measure the portal beside its floors: `make bench` prints them and writes bench/results.json.

`make bench BIG=1` adds a million members and takes an hour.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench import (
    audience,
    consenting,
    gate,
    ledger,
    many,
    outbox,
    pages,
    populating,
    sealing,
    serving,
)
from bench.installation import installation

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.installation import Installation
    from bench.timing import Measure

RESULTS = Path(__file__).with_name("results.json")
MEASURES: dict[str, Callable[[Installation], Measure]] = {
    "gate_beside_one_query": gate.measure,
    "sealed_write_beside_plain_insert": sealing.measure,
    "populate_beside_copy": populating.measure,
    "verify_ledger_beside_sha256": ledger.measure,
    "outbox_beside_bare_smtp": outbox.measure,
    "audience_beside_plain_sql": audience.measure,
}
MORE, MANY = 10_000, 1_000_000


def served(place: Installation, more: int) -> dict[str, Measure]:
    """Measure what a browser waits for."""
    many.fill(place, many.FEW, seed=2)
    with serving.stock() as stock, serving.portal(place.var) as ours:
        found = pages.measure(place, ours, stock)
        found["consent_switch_beside_stock_empty_page"] = consenting.measure(place, ours, stock)
        say(found)
        found |= many.sessions(place, ours, stock)
        grown = many.growth(place, ours, more)
    say({"sessions_held_beside_stock": found["sessions_held_beside_stock"], **grown})
    return found | grown


def say(found: dict[str, Measure]) -> None:
    """Print measures."""
    for name, one in found.items():
        beside = f"{one.ratio:5.2f} times {one.floor:.2f}"
        print(f"{name:34} {one.value:10.2f} {one.unit}  {beside}", flush=True)


def main() -> None:
    """Run every measure on one fresh installation."""
    found = {}
    with installation() as place:
        for name, measure in MEASURES.items():
            found[name] = measure(place)
            say({name: found[name]})
        found |= served(place, MANY if "--big" in sys.argv else MORE)
    rows = {name: one.as_row() for name, one in found.items()}
    RESULTS.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
