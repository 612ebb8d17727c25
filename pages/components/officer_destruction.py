"""The data's section: what is overdue or waits for the officer, what ends when, what was done."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import seoul_day
from pages.components import said, sign_in_panel
from pages.components.destruction_words import word
from pages.components.fragment import draw
from pages.components.text import _, language
from services import first_run
from services import officer_destruction as service
from services.house import house
from services.language import format_short

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from uuid import UUID

    from services.actor import Actor
    from services.officer_destruction import Head, View

_SEEN: Final = 0.02
"""The least height of a bar: what is there is seen, however little beside the rest."""


@dataclass(frozen=True)
class Month:
    """One month: how many rows end, in short, how high its bar is (0 to 1), and of what."""

    first: date
    rows: int
    short: str
    height: float
    kinds: tuple[tuple[str, int], ...]


def months(found: View, today: date) -> tuple[Month, ...]:
    """Return every month of the forecast, those in which nothing ends too."""
    ends: dict[date, list[tuple[str, int]]] = defaultdict(list)
    for one in found.ending:
        ends[one.month].append((word(one.kind), one.rows))
    sums = {month: sum(rows for _kind, rows in ends[month]) for month in _between(today, found)}
    most = max(sums.values(), default=0) or 1
    return tuple(
        Month(
            month, rows, format_short(language(), rows) if rows else "",
            max(rows / most, _SEEN) if rows else 0, tuple(ends[month]),
        )
        for month, rows in sums.items()
    )  # fmt: skip


def _between(today: date, found: View) -> Iterator[date]:
    month = today.replace(day=1)
    while month < found.until:
        yield month
        year, number = divmod(month.month, 12)
        month = month.replace(year=month.year + year, month=number + 1)


def panel(actor: Actor, head: Head) -> None:
    """Draw the section; the officer confirms an import's overdue records with one button."""
    today = seoul_day(actor.at)
    with house().databases.data.begin() as connection:
        found = service.view(connection, today)
    if head.waiting:
        draw("destruction_waiting.html", waiting=head.waiting, word=word)
        _imports(actor, head)
    draw("destruction_data.html", overdue=head.overdue, months=months(found, today),
         done=found.done, word=word)  # fmt: skip


def _imports(actor: Actor, head: Head) -> None:
    planned = [one for one in head.waiting if one.planned]
    if planned and not actor.verified:
        if st.button(_("Confirm that it is me, then go on"), key="verify_imports", type="primary",
                     icon=":material/lock_open:"):  # fmt: skip
            sign_in_panel.ask_verification({"section": "data"})
        return
    for one in planned:
        if st.button(
            _("Destroy the overdue data of “{source}”", source=one.source), key=f"d{one.import_id}"
        ):
            _confirm(actor, one.import_id)
            said.say(_("The next hourly run destroys it."))


def _confirm(actor: Actor, import_id: UUID) -> None:
    with house().databases.data.begin() as connection:
        first_run.confirm(connection, actor, import_id)
