"""The officer's section of what protects outside the portal: who looked last, and looking again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import seoul_day
from db.words import N_
from pages.components import said, sign_in_panel
from pages.components.fragment import draw
from pages.components.sharing_view import period_words
from pages.components.text import _, language
from services import safeguards
from services.house import house
from services.safeguards import ConfirmationRefused, State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.actor import Actor
    from services.safeguards import Safeguard

_CHOSEN: Final = "jk_safeguard"
_DATES: Final = "YYYY.MM.DD"
STATES: dict[State, str] = {
    State.CONFIRMED: N_("confirmed"),
    State.MISSING: N_("not confirmed yet"),
    State.OVERDUE: N_("overdue"),
}


def panel(actor: Actor) -> None:
    """Draw the safeguards, and the form by which one is confirmed."""
    today = seoul_day(actor.at)
    with house().databases.data.begin() as connection:
        found = safeguards.listed(connection, today)
    draw("officer_safeguards.html", cards=[_card(one) for one in found],
         count=sum(one.state is not State.CONFIRMED for one in found))  # fmt: skip
    if not found:
        return
    if actor.verified:
        _form(actor, found, today)
    elif st.button(_("Confirm that it is me, then go on"), key="verify_safeguards", type="primary",
                   icon=":material/lock_open:"):  # fmt: skip
        sign_in_panel.ask_verification({"section": "safeguards"})


def _card(one: Safeguard) -> dict[str, object]:
    return {
        "name": _name(one),
        "state": _(STATES[one.state]),
        "late": one.state is not State.CONFIRMED,
        "every": period_words(one.every),
        "until": one.until if one.state is State.CONFIRMED else None,
        "looked": [
            {"name": getattr(look.name, language()), "state": look.state, "on": look.on,
             "staff_no": look.staff_no, "until": look.until}
            for look in one.looked
        ],
    }  # fmt: skip


def _name(one: Safeguard) -> str:
    return str(getattr(one.name, language()))


def _form(actor: Actor, found: Sequence[Safeguard], today: date) -> None:
    """Draw the choice of one, then what to look at; what is open stands first."""
    by_id = {one.safeguard: one for one in found}
    first = next((n for n, one in enumerate(found) if one.state is not State.CONFIRMED), 0)
    draw("officer_confirm.html")
    chosen = st.selectbox(
        _("Which one?"), list(by_id), index=first, key=_CHOSEN,
        format_func=lambda name: _name(by_id[name]),
    )  # fmt: skip
    one = by_id[str(chosen)]
    with st.form(f"confirm_{one.safeguard}"):
        seen = [
            look.check
            for look in one.looked
            if st.checkbox(str(getattr(look.name, language())), key=f"{_CHOSEN}_{look.check}")
        ]
        day = st.date_input(_("Looked at on"), today, max_value=today, format=_DATES)
        sent = st.form_submit_button(_("Confirm now"), type="primary")
    if sent:
        _confirm(actor, one, seen, day)


def _confirm(actor: Actor, one: Safeguard, seen: list[str], day: date | None) -> None:
    if day is None:
        draw("problem.html", text=_("Please choose a day."))
        return
    try:
        with house().databases.data.begin() as connection:
            safeguards.confirm(connection, actor, one.safeguard, seen, day)
    except ConfirmationRefused as refused:
        draw("problem.html", text=_(refused.message))
        return
    st.session_state.pop(_CHOSEN, None)
    said.say(_("It is confirmed, with your staff number."))
