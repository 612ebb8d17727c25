"""Until when things are kept, as lines: a line a kind, today at left, from the retention rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from db.policy_facts import AFTER_WITHDRAWAL
from db.words import N_
from services.language import format_date, plural, translate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from db.policy import Policy
    from services.language import Language
    from services.retention import Bar

_PROFILE = N_(
    "While you are a member. If you left today, what is held of {n} items would stay until {day}, "
    "the rest would be destroyed at once."
)
_CHILD: Final = N_(
    "While the child is a member. If its membership ended today, what is held of {n} items would "
    "stay until {day}, the rest would be destroyed at once."
)


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


def _line(language: Language, bar: Bar, today: date, end: date) -> Line:
    count = plural(language, "{n} record", "{n} records", bar.kind.count)
    if bar.first_end == bar.last_end:
        message = N_("{count}, until {day}")
        text = translate(language, message, count=count, day=format_date(bar.last_end))
    else:
        text = translate(
            language,
            N_("{count}: the first ends on {first}, the last on {last}"),
            count=count,
            first=format_date(bar.first_end),
            last=format_date(bar.last_end),
        )
    return Line(
        translate(language, bar.kind.kind.label),
        text,
        _share(bar.first_end, today, end),
        _share(bar.last_end, today, end),
    )


def lines(
    language: Language, bars: Sequence[Bar], policy: Policy, today: date, *, child: bool = False
) -> tuple[tuple[Line, ...], date]:
    """Return the timeline's lines and the day at its right edge.

    `child`: its guardian looks at it.
    """
    rule = policy.rule(AFTER_WITHDRAWAL)
    left = rule.ends_on(today)
    end = max([left, *(bar.last_end for bar in bars)])
    profile = Line(
        translate(language, N_("The child's data") if child else N_("My data")),
        translate(
            language, _CHILD if child else _PROFILE, n=len(rule.items), day=format_date(left)
        ),
        _share(left, today, end), 100.0, open_end=True,
    )  # fmt: skip
    return (profile, *(_line(language, bar, today, end) for bar in bars)), end
