"""What staff see instead of the desk when their standing is lost: what to do, and whom to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from db.clock import seoul_day
from db.law import law
from db.policy import in_force
from db.settings import settings
from db.words import N_, StaffLack
from pages.components import gate
from pages.components.fragment import draw
from pages.components.text import _, language
from services import policies, staff_standing

if TYPE_CHECKING:
    from datetime import date

    from services.sessions import Session

CHANGE: Final = "/signin/password?for=staff"
LACKS: Final[dict[StaffLack, str]] = {
    StaffLack.ASSIGNMENT: N_("assignment"),
    StaffLack.PASSWORD: N_("password"),
    StaffLack.TRAINING: N_("training"),
}
_TITLES: Final[dict[StaffLack, str]] = {
    StaffLack.ASSIGNMENT: N_("Your assignment has ended"),
    StaffLack.PASSWORD: N_("Your password is too old"),
    StaffLack.TRAINING: N_("Your training is no longer valid"),
}
_NONE: Final[dict[StaffLack, str]] = {
    StaffLack.ASSIGNMENT: N_("You have no assignment yet"),
    StaffLack.PASSWORD: N_("It is not known how old your password is"),
    StaffLack.TRAINING: N_("No training of yours is recorded yet"),
}
_TODO: Final[dict[StaffLack, str]] = {
    StaffLack.ASSIGNMENT: N_("Ask the officer to renew it, with the day on which it ends."),
    StaffLack.PASSWORD: N_("Choose a new one, then sign in again: nothing else is needed."),
    StaffLack.TRAINING: N_("Take the next training. The officer records it, and the desk opens."),
}
_ELSEWHERE: Final = N_(
    "Change it where you sign in, then sign in here again. If it was changed lately, ask the "
    "officer: your sign-in does not say when."
)


def panel() -> None:
    """Draw what is missing, one by one, and who the officer is. No query, no member's data."""
    here = gate.here()
    if here.actor is None or here.session is None:
        return
    today = seoul_day(here.actor.at)
    rows = [_row(here.session, lack) for lack in here.actor.lacks or ()]
    draw("standing.html", rows=rows, officer=policies.officer(in_force(today), language()))


def _row(session: Session, lack: StaffLack) -> dict[str, object]:
    own = lack is StaffLack.PASSWORD and not settings().staff_metadata_url
    elsewhere = lack is StaffLack.PASSWORD and not own
    day = _last(session, lack)
    return {
        "title": _((_TITLES if day else _NONE)[lack]),
        "day": day,
        "todo": _(_ELSEWHERE if elsewhere else _TODO[lack]),
        "link": CHANGE if own else "",
        "rule": _("A password counts for {n} days.", n=law().staff.password_days)
        if lack is StaffLack.PASSWORD else "",
    }  # fmt: skip


def _last(session: Session, lack: StaffLack) -> date | None:
    facts = session.facts
    days = {
        StaffLack.ASSIGNMENT: facts.assigned_until,
        StaffLack.PASSWORD: facts.password_until,
        StaffLack.TRAINING: facts.trained_until,
    }
    return days[lack]


def ending() -> list[tuple[str, date]]:
    """Return what ends soon for whoever is signed in as staff, and on which day."""
    here = gate.here()
    if here.actor is None or here.session is None:
        return []
    found = staff_standing.ending(here.session.facts, seoul_day(here.actor.at))
    return [(_(LACKS[lack]), day) for lack, day in found]
