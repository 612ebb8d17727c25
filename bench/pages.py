"""Pages as a browser hears them: ours beside a stock server's empty page, and beside constants."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from bench import serving, twin
from bench.installation import member
from bench.tab import Place, Tab
from bench.timing import Measure, in_turn

if TYPE_CHECKING:
    from bench.installation import Installation

PATHS = {"overview": "", "my_data": "my-data"}
RECORDS = 1000
_ROUNDS = 60


def measure(place: Installation, ours: str, stock: str) -> dict[str, Measure]:
    """Return the median rerun of each page of a member with 1,000 records."""
    somebody = member(records=RECORDS)
    place.join([somebody])
    cookie = place.sign_in(somebody.member_id)
    found = {}
    for name, path in PATHS.items():
        page = Place(ours, path, cookie)
        with ExitStack() as stack:
            own, empty = (stack.enter_context(Tab(p)) for p in (page, Place(stock)))
            own.rerun()
            script = twin.script(own.deltas())
            still = stack.enter_context(Tab(Place(stack.enter_context(serving.constants(script)))))
            mine, bare, same = in_turn([own.rerun, empty.rerun, still.rerun], _ROUNDS)
            if len(own.deltas()) > len(still.deltas()) + 1:
                msg = f"the twin of {name} draws less than the page, so its time means nothing"
                raise RuntimeError(msg)
        found[f"{name}_beside_stock_empty_page"] = Measure.of(mine, bare)
        found[f"{name}_beside_its_static_twin"] = Measure.of(mine, same)
    return found
