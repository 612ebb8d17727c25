"""The officer's page of bars: the list, placing one, lifting one, answering an objection."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import seoul_day
from db.words import BarKept, BarWhy
from pages.components import said, sign_in_panel
from pages.components.fragment import draw
from pages.components.request_view import days_left
from pages.components.text import _, language
from services import bar_words, bars
from services.bars import BarRefused
from services.house import house
from services.language import format_date

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from services.actor import Actor
    from services.bars import Listed

DAYS: Final = 30
_FORM: Final = "jk_bar_form"
_DATES: Final = "YYYY.MM.DD"


def counted_from(actor: Actor) -> date:
    """Return the day from which the page counts what sign-up pages asked."""
    return seoul_day(actor.at) - timedelta(days=DAYS)


def panel(actor: Actor, found: Sequence[Listed], asked: tuple[int, int]) -> None:
    """Draw the list, then what can be done, once it is sure who does it."""
    today = seoul_day(actor.at)
    draw("bars.html", rows=[_row(one, today) for one in found], asked=asked[0], refused=asked[1],
         days=DAYS, open=sum(one.open for one in found))  # fmt: skip
    if not actor.verified:
        if st.button(_("Confirm that it is me, then go on"), key="verify_bars", type="primary",
                     icon=":material/lock_open:"):  # fmt: skip
            sign_in_panel.ask_verification({})
        return
    if standing := {one.bar_id: one for one in found if one.lifted_at is None}:
        _decide(actor, list(standing.values()))
    _place(actor, today)


def _row(one: Listed, today: date) -> dict[str, object]:
    known = bar_words.known_by(language(), one.known_by or ())
    return {
        "number": bar_words.number(one.bar_id),
        "why": bar_words.why(language(), one.why),
        "placed_at": one.placed_at,
        "by": _("you") if one.mine else one.placed_no,
        "ends_on": one.ends_on,
        "known": _("not yet looked up") if one.known_by is None else known or _("nothing"),
        "weak": not one.works and one.lifted_at is None,
        "state": _state(one),
        "left": days_left(days) if (days := _days_left(one, today)) is not None else "",
        "late": days is not None and days < 0,
    }


def _days_left(one: Listed, today: date) -> int | None:
    """Return how many days there are to answer the objection, None where none is open."""
    return (one.answer_by - today).days if one.open and one.answer_by is not None else None


def _state(one: Listed) -> str:
    if one.lifted_at is not None:
        return _("Lifted {day}", day=format_date(one.lifted_at))
    if one.open:
        return _("Objection")
    if one.kept_why is not None:
        return _("Stays after an objection")
    return _("Stands")


def _decide(actor: Actor, standing: Sequence[Listed]) -> None:
    """Draw the choice of a bar and what may be done with it."""
    draw("bars_decide.html")
    one = st.selectbox(
        _("Which one?"), standing, key=f"{_FORM}_which_{_round()}",
        format_func=lambda b: f"{bar_words.number(b.bar_id)} · {bar_words.why(language(), b.why)}",
    )  # fmt: skip
    if one.open and one.may_keep:
        _answer(actor, one)
    elif one.open:
        draw("edit_before.html", lines=[
            _("You placed this bar, so another officer decides whether it stays. "
              "You may lift it yourself."),
        ])  # fmt: skip
    with st.container(horizontal=True):
        if st.button(_("Lift the bar"), key="lift_bar"):
            _trying(lambda: _lift(actor, one))
        if one.objected_at is None and st.button(
            _("Note an objection by phone or letter"), key="note_objection"
        ):
            _trying(lambda: _objected(actor, one))


def _answer(actor: Actor, one: Listed) -> None:
    with st.form(f"keep_bar_{one.bar_id}"):
        why = st.radio(
            _("The bar stays, because"), list(BarKept), index=None,
            format_func=lambda word: bar_words.kept(language(), word),
        )  # fmt: skip
        sent = st.form_submit_button(_("Let it stay"))
    if sent and why is None:
        draw("problem.html", text=_("Please choose a reason."))
    elif sent and why is not None:
        _trying(lambda: _keep(actor, one, BarKept(why)))


def _trying(deed: Callable[[], str]) -> None:
    """Do it and say so, or say what is wrong."""
    try:
        text = deed()
    except BarRefused as refused:
        draw("problem.html", text=_(refused.message))
        return
    # A widget keeps what it shows as long as it keeps its key: after each deed there are new ones.
    st.session_state[_FORM] = _round() + 1
    said.say(text)


def _round() -> int:
    return int(st.session_state.get(_FORM) or 0)


def _lift(actor: Actor, one: Listed) -> str:
    with house().databases.data.begin() as connection:
        bars.lift(connection, actor, one.bar_id)
    return _("The bar is lifted. Whoever is still a member is told.")


def _objected(actor: Actor, one: Listed) -> str:
    with house().databases.data.begin() as connection:
        bars.note_objection(connection, actor, one.bar_id)
    return _("The objection is noted. It is to be answered within 10 days.")


def _keep(actor: Actor, one: Listed, why: BarKept) -> str:
    with house().databases.data.begin() as connection:
        bars.keep(connection, actor, one.bar_id, why)
    return _("The bar stays. Whoever is still a member is told why.")


def _place(actor: Actor, today: date) -> None:
    """Draw the form. What was typed is gone with the next form's number."""
    last = bars.longest(today)
    draw("bars_place.html", last=last)
    with st.form(f"{_FORM}_{_round()}"):
        typed = st.text_input(_("Who: exact e-mail, mobile number or login ID"), autocomplete="off")
        why = st.radio(
            _("Why"), list(BarWhy), index=None,
            format_func=lambda word: bar_words.why(language(), word),
        )  # fmt: skip
        ends_on = st.date_input(
            _("Until and including"), None, min_value=today + timedelta(days=1), max_value=last,
            format=_DATES,
        )  # fmt: skip
        sent = st.form_submit_button(_("Place the bar"), type="primary")
    if not sent:
        return
    if why is None or ends_on is None:
        draw("problem.html", text=_("Please choose a reason and a last day."))
        return
    _trying(lambda: _placed(actor, typed, BarWhy(why), ends_on))


def _placed(actor: Actor, typed: str, why: BarWhy, ends_on: date) -> str:
    """Check, look up (noted whoever is found), then place it."""
    good = bars.checked(actor, typed, ends_on)
    with house().databases.data.begin() as connection:
        found = bars.seek(connection, actor, good)
    member_id = bars.the_one(found)
    with house().databases.data.begin() as connection:
        bar_id = bars.place(connection, actor, member_id, why, ends_on)
    return _("The bar {number} is placed. The member is told.", number=bar_words.number(bar_id))
