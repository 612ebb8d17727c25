"""Draws what went to whom: items on the left, recipients on the right, a band for each.

The bands are an image of our own making; labels are text, so that they follow the reader's font.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.declarations import ITEMS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.sharing import Flow

_COLOURS = ("#c9684e", "#3f7f93", "#8a6bb1", "#5f8a3c", "#b98300", "#b1567f")
"""Seen on light and on dark ground."""
_THICKEST = 12


@dataclass(frozen=True)
class Picture:
    """`rows`: how many lines the longer side has; `image` is a `data:` address."""

    items: tuple[str, ...]
    recipients: tuple[tuple[str, str], ...]
    rows: int
    image: str


def picture(flows: Sequence[Flow], today: date) -> Picture:
    """Return the drawing: item names, recipients with their colour, and the bands between."""
    named = {flow.item for flow in flows}
    items = (*(i for i in ITEMS if i in named), *sorted(named - ITEMS.keys()))
    recipients = tuple(dict.fromkeys(flow.recipient for flow in flows))
    colours = {name: _COLOURS[n % len(_COLOURS)] for n, name in enumerate(recipients)}
    bands = "".join(
        _band(flow, colours[flow.recipient], kept=flow.kept(today),
              left=(items.index(flow.item) + 0.5) / len(items),
              right=(recipients.index(flow.recipient) + 0.5) / len(recipients))
        for flow in flows
    )  # fmt: skip
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" '
        f'preserveAspectRatio="none" fill="none">{bands}</svg>'
    )
    image = f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
    pairs = tuple((name, colours[name]) for name in recipients)
    return Picture(items, pairs, max(len(items), len(recipients)), image)


def _band(flow: Flow, colour: str, *, kept: bool, left: float, right: float) -> str:
    start, end = round(left * 100, 2), round(right * 100, 2)
    width = 2 + min(flow.count, _THICKEST)
    look = 'opacity="0.8"' if kept else 'opacity="0.45" stroke-dasharray="5 5"'
    return (
        f'<path d="M0 {start}C50 {start} 50 {end} 100 {end}" stroke="{colour}" '
        f'stroke-width="{width}" vector-effect="non-scaling-stroke" {look}/>'
    )
