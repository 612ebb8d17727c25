"""The officer's section of unusual access of the staff, and of its monthly review."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import seoul_day
from db.law import law
from db.words import N_, WatchClosed
from pages.components import said, sign_in_panel
from pages.components.fragment import draw
from pages.components.text import _, language
from services import access_review, watching
from services.access_review import ReviewRefused
from services.house import house
from services.language import format_date
from services.watching import FindingGone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.actor import Actor
    from services.watching import Finding

CLOSED: Final[dict[WatchClosed, str]] = {
    WatchClosed.EXPLAINED: N_("It had a good reason"),
    WatchClosed.INSTRUCTED: N_("They were instructed"),
    WatchClosed.ACCESS_ENDED: N_("Their access was ended"),
    WatchClosed.REPORTED: N_("It is handled as a leak"),
}


def panel(actor: Actor) -> None:
    """Draw what was found, the form that closes one, then the review."""
    with house().databases.data.begin() as connection:
        count = watching.count(connection)
        found = watching.page(connection, actor)
        last = access_review.last(connection)
        done = access_review.activity(connection, actor)
    draw("officer_watch.html", count=count, rows=[_row(n, one) for n, one in _numbered(found)],
         rules=[getattr(rule.name, language()) for rule in law().unusual.rules],
         hours=(law().unusual.opens_at, law().unusual.shuts_at))  # fmt: skip
    if mine := {n: one for n, one in _numbered(found) if not one.own}:
        _close(actor, mine)
    today = seoul_day(actor.at)
    draw("officer_review.html", last=last, done=done,
         late=last is None or last.due_on < today)  # fmt: skip
    _review(actor)


def _numbered(found: Sequence[Finding]) -> list[tuple[int, Finding]]:
    return list(enumerate(found, start=1))


def _row(number: int, one: Finding) -> dict[str, object]:
    names = {rule.id: getattr(rule.name, language()) for rule in law().unusual.rules}
    return {"number": number, "what": names[one.rule], "who": one.staff_no, "day": one.day,
            "times": one.number, "own": one.own}  # fmt: skip


def _close(actor: Actor, found: dict[int, Finding]) -> None:
    with st.form("close_unusual"):
        which = st.selectbox(
            _("Which one?"), list(found),
            format_func=lambda n: f"{n}. {found[n].staff_no}, {format_date(found[n].day)}",
        )  # fmt: skip
        how = st.radio(
            _("What was done?"), list(CLOSED), index=None, format_func=lambda d: _(CLOSED[d])
        )
        sent = st.form_submit_button(_("Close it"), type="primary")
    if sent and how is None:
        draw("problem.html", text=_("Please choose what was done."))
    elif sent and how is not None and which in found:
        try:
            with house().databases.data.begin() as connection:
                watching.close(connection, actor, found[which].finding_id, WatchClosed(how))
        except FindingGone as gone:
            draw("problem.html", text=_(gone.message))
            return
        said.say(_("It is closed, and the ledger says by whom."))


def _review(actor: Actor) -> None:
    """Draw the form of a review, once it is sure who confirms it."""
    if not actor.verified:
        if st.button(_("Confirm that it is me, then go on"), key="verify_unusual",
                     icon=":material/lock_open:"):  # fmt: skip
            sign_in_panel.ask_verification({"section": "unusual"})
        return
    with st.form("review_access"):
        note = st.text_area(_("What you saw"), max_chars=access_review.LONGEST)
        sent = st.form_submit_button(_("Confirm the review"))
    if not sent:
        return
    try:
        with house().databases.data.begin() as connection:
            access_review.confirm(connection, actor, note)
    except ReviewRefused as refused:
        draw("problem.html", text=_(refused.message, **refused.params))
        return
    said.say(_("The review is on record, with your staff number."))
