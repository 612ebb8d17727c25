"""Draws until when things are kept, from the retention rules: a line a kind, today at left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pages.components.fragment import draw
from pages.components.text import language
from services.language import format_date
from services.timeline import lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from db.policy import Policy
    from services.retention import Bar


def timeline(bars: Sequence[Bar], policy: Policy, today: date, *, child: bool) -> None:
    """Draw the timeline as one element; `child`: a guardian looks."""
    found, end = lines(language(), bars, policy, today, child=child)
    draw("timeline.html", lines=found, today=format_date(today), end=format_date(end))
