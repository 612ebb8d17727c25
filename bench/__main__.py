"""Measure the portal beside its floors: `make bench` prints them and writes bench/results.json.

`python -m bench pages ledger` measures these alone, and leaves the other results as they were.
`make bench BIG=1` lets a million members join and takes an hour; only then, or when it is named,
`due` is measured, since it fills two servers of its own.
"""

from __future__ import annotations

import argparse
import gc
import json
from pathlib import Path
from typing import TYPE_CHECKING

from bench import (
    archive,
    audience,
    calling,
    consenting,
    due,
    due_memory,
    gate,
    leaving,
    ledger,
    many,
    outbox,
    pages,
    populating,
    sealing,
    serving,
    taking,
)
from bench.installation import installation

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.installation import Installation
    from bench.timing import Measure

    Found = dict[str, Measure]

RESULTS = Path(__file__).with_name("results.json")
ALONE: dict[str, tuple[str, Callable[[Installation], Measure]]] = {
    "gate": ("gate_beside_one_query", gate.measure),
    "sealing": ("sealed_write_beside_plain_insert", sealing.measure),
    "populate": ("populate_beside_copy", populating.measure),
    "ledger": ("verify_ledger_beside_sha256", ledger.measure),
    "outbox": ("outbox_beside_bare_smtp", outbox.measure),
    "audience": ("audience_beside_plain_sql", audience.measure),
}
SERVED: dict[str, Callable[[Installation, str, str], Found]] = {
    "pages": pages.measure,
    "switch": consenting.measure,
    "sessions": many.sessions,
    "taking": taking.measure,
}
"""What a browser waits for: ours, and a stock server."""
ARCHIVE, GROWTH, LEAVING, DUE, CASES = "archive", "growth", "leaving", "due", "cases"
MORE, MANY = 10_000, 1_000_000
SHARE = 10
"""Of so many members one has, or had, a case."""


def served(place: Installation, chosen: list[str], more: int) -> Found:
    """Measure what was chosen of `SERVED`; at the end, what more members cost."""
    many.fill(place, many.FEW, seed=2)
    place.settle()
    found: Found = {}
    with serving.stock() as stock, serving.portal(place.var) as ours:
        for name, measure in SERVED.items():
            if name in chosen:
                found |= said(measure(place, ours, stock))
        if "taking" in chosen:
            found |= said(taking.largest(place, max(more, MORE * 10)))
        if GROWTH in chosen:
            found |= said(many.growth(place, ours, more))
    return found


def said(found: Found) -> Found:
    """Print measures and return them."""
    for name, one in found.items():
        beside = f"{one.ratio:5.2f} times {one.floor:.2f}"
        print(f"{name:34} {one.value:10.2f} {one.unit}  {beside}", flush=True)
    return found


def write(found: Found) -> None:
    """Put what was measured in the place of what was measured before."""
    rows = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    rows |= {name: one.as_row() for name, one in found.items()}
    RESULTS.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Run the chosen measures, or all, on one fresh installation."""
    known = [*ALONE, LEAVING, ARCHIVE, *SERVED, GROWTH, DUE, CASES]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("chosen", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    parser.add_argument("--big", action="store_true", help="let a million members join")
    given = parser.parse_args()
    chosen = given.chosen or (known if given.big else [one for one in known if one != DUE])
    if unknown := set(chosen) - set(known):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    found: Found = {}
    gc.collect()
    gc.freeze()  # as web and worker do when they start
    with installation() as place:
        for short, (name, measure) in ALONE.items():
            if short in chosen:
                found |= said({name: measure(place)})
        if LEAVING in chosen:
            found |= said(leaving.measure(place))
        if ARCHIVE in chosen:
            found |= said(archive.measure(place))
            found |= said(archive.memory(place, MANY if given.big else MORE))
        if {*SERVED, GROWTH} & set(chosen):
            found |= served(place, chosen, MANY if given.big else MORE)
    if CASES in chosen:
        more = MANY if given.big else MORE
        found |= said(calling.measure(more, more // SHARE))
    if DUE in chosen:
        found |= said(due.measure(MANY if given.big else 2 * due.FEW))
        found |= said(due_memory.measure())
    write(found)


if __name__ == "__main__":
    main()
