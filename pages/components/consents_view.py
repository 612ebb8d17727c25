"""Says in words how a consent stands, since when, until when, and what follows from a switch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.words import N_, ActorKind
from pages.components.text import _, language
from services import consent_words
from services.consent_asked import State
from services.language import format_date

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.consent_asked import Asked, Recipient

GROUPS: dict[str, tuple[str, str]] = {
    "advertising": (
        N_("Advertisements"),
        N_("They come only where you switched them on, and only while marketing is on, too."),
    ),
    "personalisation": (N_("What fits you"), N_("What we show, chosen for you or not.")),
    "sensitive": (
        N_("Sensitive data"),
        N_("It says something about health, so each item has a switch of its own."),
    ),
    "third_party": (
        N_("Given to other companies"),
        N_("Each company and each item by itself. What a purchase needs is given without this."),
    ),
    "device": (N_("Device IDs"), N_("Clause 7: the 엄마와 app uses one to make its account.")),
}
_OVER = N_("You said yes on {day}, and its time is over.")
_UNUSED: dict[State, str] = {
    State.PAUSED: N_("A guardian said yes on {day}. It is not used until you answer."),
    State.ASKED_ANEW: N_("It has changed since {day}, so we ask again; until then it is no."),
}
_BY: dict[str, str] = {
    ActorKind.GUARDIAN: N_("by a guardian"),
    ActorKind.STAFF: N_("by our staff, for you"),
}


@dataclass(frozen=True)
class RowView:
    """What stands below a toggle; `wording` is open while it is off, since one agrees to it."""

    on: bool
    state: str
    notes: tuple[str, ...]
    follows: str
    wording: str


def label(asked: Asked) -> str:
    """Return what the toggle is called; an item of a company's is said with the company."""
    name = consent_words.title(asked.term, language(), asked.item)
    return f"{asked.recipient.name}: {name}" if asked.recipient else name


def row(asked: Asked) -> RowView:
    """Return one consent as it is drawn below its toggle."""
    tongue = language()
    given = consent_words.facts(asked, asked.named_end)
    return RowView(
        asked.on,
        state(asked),
        tuple(_notes(asked)),
        consent_words.follows(asked.term, tongue, on=asked.on),
        consent_words.wording(asked.term, tongue, given),
    )


def state(asked: Asked) -> str:
    """Return how it stands, since when, and until when."""
    latest = asked.latest
    if latest is None or asked.state is State.NEVER:
        return _("You have not decided yet, so it counts as no.")
    if asked.state is State.UNDATED or latest.decided_at is None:
        return _("There is no record of a yes, so it counts as no.")
    day = format_date(latest.decided_at)
    by = f" · {_(_BY[latest.decided_by])}" if latest.decided_by in _BY else ""
    if asked.state is State.ON:
        return _("On since {day}", day=day) + by + _until(asked)
    if asked.state is State.OFF:
        return _("Off since {day}", day=day) + by
    if latest.paused and asked.state is State.OVER:
        return _("A guardian said yes on {day}, which ended when you turned 14.", day=day)
    return _(_UNUSED.get(asked.state, _OVER), day=day)


def _until(asked: Asked) -> str:
    if asked.until is not None:
        return " · " + _("until {day}", day=format_date(asked.until))
    if asked.recipient is not None:
        return " · " + _("its end is not stated")
    return ""


def _notes(asked: Asked) -> Iterable[str]:
    if asked.due:
        yield _("It ends soon. Without a new yes we send no more after that day.")
    if asked.waits_for:
        names = ", ".join(
            consent_words.line(language(), term.id, None, asked.item) for term in asked.waits_for
        )
        on = N_("Not used now, since this is off: {names}")
        off = N_("First switch this on: {names}")
        yield _(on if asked.on else off, names=names)
    if asked.stopped:
        yield _("You stopped this use. Nothing is used, even if it is on, until you let it go on.")


def recipient(one: Recipient) -> tuple[tuple[str, str], ...]:
    """Return what a member must know of a company before agreeing (PIPA art. 17)."""
    return (
        (_("Purpose"), consent_words.purpose(language(), one.purpose)),
        (_("Kept there"), consent_words.kept(language(), one.kept)),
    )
