"""A consent's switch, from the message that it was used until the script has ended."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

from streamlit.proto.BackMsg_pb2 import BackMsg

from bench.installation import member
from bench.tab import Place, Tab
from bench.timing import Measure, in_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.installation import Installation

_ROUNDS = 60
SWITCH = "consent_marketing"


def measure(place: Installation, ours: str, stock: str) -> dict[str, Measure]:
    """Return the time of a decision on record, receipt enqueued and page drawn, beside nothing."""
    somebody = member(records=10)
    place.join([somebody])
    page = Place(ours, "consents", place.sign_in(somebody.member_id))
    with Tab(page) as own, Tab(Place(stock)) as empty:
        own.rerun()
        switches = dict(_switches(own))
        mine = next(name for name in switches if name.endswith(SWITCH))
        wanted = cycle([True, False])

        def switch() -> None:
            switches[mine] = next(wanted)
            own.rerun(_asked(page, switches))
            if dict(_switches(own))[mine] != switches[mine]:
                msg = "the switch did not count, so its time means nothing"
                raise RuntimeError(msg)

        found = Measure.of(*in_turn([switch, empty.rerun], _ROUNDS))
    return {"consent_switch_beside_stock_empty_page": found}


def _switches(tab: Tab) -> Iterator[tuple[str, bool]]:
    for message in tab.messages():
        if message.HasField("delta") and message.delta.new_element.HasField("checkbox"):
            one = message.delta.new_element.checkbox
            yield one.id, one.value if one.set_value else one.default


def _asked(page: Place, switches: dict[str, bool]) -> bytes:
    """Return what a browser sends: how each switch on the page stands now."""
    message = BackMsg.FromString(page.rerun)
    for name, on in switches.items():
        message.rerun_script.widget_states.widgets.add(id=name, bool_value=on)
    return bytes(message.SerializeToString())
