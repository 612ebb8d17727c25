"""Draws until when things are kept, from the retention rules: a line a kind, today at left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.policy_facts import AFTER_WITHDRAWAL
from pages.components.fragment import draw
from pages.components.text import _, _n
from services.language import format_date

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from db.policy import Policy
    from services.retention import Bar


@dataclass(frozen=True)
class Line:
    """One line of the drawing.

    `sure` and `reach`: percent of the drawn time until the first and the last of its things end.
    """

    label: str
    text: str
    sure: float
    reach: float
    open_end: bool = False


def _share(day: date, today: date, end: date) -> float:
    total = max((end - today).days, 1)
    return round(min(max((day - today).days / total, 0.01), 1.0) * 100, 1)


def _line(bar: Bar, today: date, end: date) -> Line:
    count = _n("{n} record", "{n} records", bar.kind.count)
    if bar.first_end == bar.last_end:
        text = _("{count}, until {day}", count=count, day=format_date(bar.last_end))
    else:
        text = _(
            "{count}: the first ends on {first}, the last on {last}",
            count=count,
            first=format_date(bar.first_end),
            last=format_date(bar.last_end),
        )
    return Line(
        _(bar.kind.kind.label),
        text,
        _share(bar.first_end, today, end),
        _share(bar.last_end, today, end),
    )


def lines(bars: Sequence[Bar], policy: Policy, today: date) -> tuple[tuple[Line, ...], date]:
    """Return the timeline's lines and the day at its right edge."""
    rule = policy.rule(AFTER_WITHDRAWAL)
    left = rule.ends_on(today)
    end = max([left, *(bar.last_end for bar in bars)])
    profile = Line(
        _("My data"),
        _(
            "While you are a member. "
            "If you left today: {n} items until {day}, the rest destroyed at once",
            n=len(rule.items),
            day=format_date(left),
        ),
        _share(left, today, end), 100.0, open_end=True,
    )  # fmt: skip
    return (profile, *(_line(bar, today, end) for bar in bars)), end


def timeline(bars: Sequence[Bar], policy: Policy, today: date) -> None:
    """Draw the timeline as one element."""
    found, end = lines(bars, policy, today)
    draw("timeline.html", lines=found, today=format_date(today), end=format_date(end))
