"""Open matters in words: each a line that leads to where it is handled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pages.components.request_view import title
from pages.components.restriction_view import view
from pages.components.text import _
from services import case_words
from services.language import format_date

if TYPE_CHECKING:
    from services.open_matters import OpenMatters


@dataclass(frozen=True)
class Matter:
    """One line: what it is, how far, and where it is handled."""

    href: str
    title: str
    note: str


def matters(found: OpenMatters) -> tuple[Matter, ...]:
    """Return the lines: requests and cases, then what is restricted, then a bar on joining."""
    asked = tuple(
        Matter("/requests", title(one.kind, one.item, one.purpose),
               _("answer by {day}", day=format_date(one.due_on)))
        for one in found.requests
    )  # fmt: skip
    cases = tuple(
        Matter("/history", _("Case {no}, with our staff", no=one.no),
               " · ".join((
                   _(case_words.CHANNELS[one.channel]),
                   _("since {day}", day=format_date(one.opened_at)),
                   _("answer by {day}", day=format_date(one.due_on)),
               )))
        for one in found.cases
    )  # fmt: skip
    kept = tuple(Matter("/stop", one.title, one.blocked) for one in map(view, found.restrictions))
    until = found.barred_until
    barred = () if until is None else (
        Matter("/requests", _("Joining again is barred"), _("until {day}", day=format_date(until))),
    )  # fmt: skip
    return (*asked, *cases, *kept, *barred)
