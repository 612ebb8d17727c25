"""Turns a copy that is made into words: parts, size, time left, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from db.words import N_, ExportFailure, ExportGroup, ExportState
from pages.components.text import _, _n
from services.exports import HERE
from services.language import format_date

if TYPE_CHECKING:
    from datetime import date, datetime

    from services.archive import Order
    from services.exports import Export

GROUPS: Final = {
    ExportGroup.PROFILE: (N_("My data"), N_("every item held, and the services used")),
    ExportGroup.RECORDS: (N_("Records"), N_("payments, contracts, complaints, visits")),
    ExportGroup.CONSENTS: (N_("Consents"), N_("what was agreed to, when, with receipts")),
    ExportGroup.SHARING: (N_("Sharing"), N_("what went to which company, and why")),
    ExportGroup.HISTORY: (N_("Who looked"), N_("who saw or changed it, with proofs")),
    ExportGroup.MESSAGES: (N_("Requests and messages"), N_("what was asked, answered and told")),
}
"""What each part is called, and what is in it."""
LANGUAGES: Final = {"ko": "한국어", "en": "English"}
"""Each in its own words."""
WHY: Final = {
    ExportFailure.STORAGE: N_("There was no room for the file, or its disk could not be reached."),
    ExportFailure.TROUBLE: N_("Something went wrong on our side while it was made."),
}
_MINUTE: Final = 60
_KILO: Final = 1000


def groups() -> dict[ExportGroup, tuple[str, str]]:
    """Return the parts in words."""
    return {group: (_(name), _(what)) for group, (name, what) in GROUPS.items()}


def parts(order: Order) -> str:
    """Return what was chosen, in a line."""
    every = order.groups == frozenset(ExportGroup)
    names = [_("everything")] if every else [_(GROUPS[g][0]) for g in GROUPS if g in order.groups]
    return " · ".join([*names, LANGUAGES[order.language], *(["Excel"] if order.workbook else [])])


def ready(found: Export, today: date) -> bool:
    """Return whether it can be taken today."""
    done = found.state is ExportState.DONE and not found.let_go
    return done and (found.ends_on or today) >= today


def size(number: int) -> str:
    """Return how large a file is, as people say it."""
    value, units = float(number), ("B", "kB", "MB", "GB", "TB")
    power = 0
    while value >= _KILO and power < len(units) - 1:
        value, power = value / _KILO, power + 1
    return f"{value:.3g} {units[power]}"


def left(seconds: int | None) -> str | None:
    """Return how long it will still take, in words."""
    if seconds is None:
        return None
    if seconds < _MINUTE:
        return _n("about {n} second left", "about {n} seconds left", max(1, seconds))
    return _n("about {n} minute left", "about {n} minutes left", round(seconds / _MINUTE))


def progress(found: Export, now: datetime) -> dict[str, object]:
    """Return what the page says while it is made."""
    return {
        "percent": int(found.share * 100),
        "left": left(found.seconds_left(now)),
        "done": found.rows_done,
        "total": found.rows_total,
    }


def last(found: Export, *, child: bool) -> tuple[str, str] | None:
    """Return what became of the last one, as a title and a sentence; None when it needs none.

    `child`: it is about the child for whom the reader acts.
    """
    if found.let_go and found.shared and found.state in HERE:
        return _("You gave up the last copy"), _let_go(found, child=child)
    if found.why:
        return _("It could not be made"), _(WHY[found.why])
    if found.state is ExportState.CANCELLED:
        return _("You stopped it"), _("Nothing of it is kept.")
    if found.destroyed_at:
        return _("The last copy is destroyed"), _("The file and the key to it are gone.")
    return _("The last copy has ended"), _(
        "It can't be taken any more; its file is being destroyed."
    )


def _let_go(found: Export, *, child: bool) -> str:
    """Return for whom a copy stays that the reader let go of, and until when."""
    if found.ends_on is None:
        return _("You can't take it. It is still made for the other who may take it.")
    day = format_date(found.ends_on)
    if child:
        return _("You can't take it any more. The child may until {day}; then the file and its key "
                 "are destroyed.", day=day)  # fmt: skip
    return _("You can't take it any more. The guardian who asked for it may until {day}; then the "
             "file and its key are destroyed.", day=day)  # fmt: skip
