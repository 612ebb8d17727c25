"""Pages as a browser hears them: ours beside a stock server's empty page, and beside constants."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from bench import serving, twin
from bench.installation import member
from bench.tab import Place, Tab
from bench.timing import Measure, in_turn
from pages.components import frame

if TYPE_CHECKING:
    from bench.installation import Installation

_LINES = (*(line for lines in frame.MEMBER.values() for line in lines), *frame.PUBLIC)
MEMBER_PAGES = ("", *(path for path, _file, _title in _LINES))
"""Every page in the navigation of a member. A new page is measured as soon as it is there."""
RECORDS = 1000
_ROUNDS = 150


def measure(place: Installation, ours: str, stock: str) -> dict[str, Measure]:
    """Return the median rerun of each page of a member with 1,000 records, and of the welcome."""
    found = {}
    for path in (*MEMBER_PAGES, None):
        # Somebody else each time: a verification would be too old at the last page.
        page = Place(ours) if path is None else Place(ours, path, cookie(place))
        name = "welcome" if path is None else path or "overview"
        label = name.replace("-", "_")
        found[f"{label}_beside_stock_empty_page"] = _beside(page, Place(stock))
        found[f"{label}_beside_its_static_twin"] = _beside_twin(name, page)
    return found


def cookie(place: Installation) -> str:
    """Return the cookie of a member with many records."""
    somebody = member(records=RECORDS)
    place.join([somebody])
    place.settle()
    return place.sign_in(somebody.member_id)


def _beside(page: Place, other: Place) -> Measure:
    """Return the medians of two pages in turn; a third one would disturb after its own end."""
    with Tab(page) as own, Tab(other) as beside:
        return Measure.of(*in_turn([own.rerun, beside.rerun], _ROUNDS))


def _beside_twin(name: str, page: Place) -> Measure:
    with ExitStack() as stack:
        own = stack.enter_context(Tab(page))
        own.rerun()
        sent = own.messages()
        served = serving.constants(twin.files(sent), twin.MAIN)
        still = stack.enter_context(Tab(Place(stack.enter_context(served))))
        medians = in_turn([own.rerun, still.rerun], _ROUNDS)
        if _kinds(own) != _kinds(still):
            msg = f"the twin of {name} draws something else, so its time means nothing"
            raise RuntimeError(msg)
        return Measure.of(*medians)


def _kinds(tab: Tab) -> list[str]:
    """Return what the last run sent, by kind."""
    return sorted(
        one.delta.new_element.WhichOneof("type") or "block"
        if one.HasField("delta")
        else str(one.WhichOneof("type"))
        for one in tab.messages()
    )
