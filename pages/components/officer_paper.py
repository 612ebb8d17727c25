"""The section of forms on paper: how many are to be destroyed, and writing down that they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import seoul_day
from db.words import N_, PaperMethod
from pages.components import said, sign_in_panel
from pages.components.destruction_words import form_word
from pages.components.fragment import draw
from pages.components.text import _
from services import paper
from services.house import house
from services.paper import Destroyed, PaperRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.actor import Actor
    from services.officer_destruction import Head
    from services.paper import Paper

_DATES: Final = "YYYY.MM.DD"
METHODS: dict[PaperMethod, str] = {
    PaperMethod.SHREDDING: N_("shredded"),
    PaperMethod.INCINERATION: N_("incinerated"),
}


def panel(actor: Actor, _head: Head) -> None:
    """Draw the kinds of form, the form by which a destruction is recorded, and the last ones."""
    with house().databases.data.begin() as connection:
        found, lately = paper.listed(connection), paper.lately(connection)
    draw("paper.html", found=found, word=form_word)
    open_ones = [one for one in found if one.due]
    if open_ones and actor.verified:
        _form(actor, open_ones)
    elif open_ones and st.button(
        _("Confirm that it is me, then go on"), key="verify_paper", type="primary",
        icon=":material/lock_open:",
    ):  # fmt: skip
        sign_in_panel.ask_verification({"section": "paper"})
    if lately:
        draw("paper_lately.html", lately=lately, word=form_word,
             methods={method: _(name) for method, name in METHODS.items()})  # fmt: skip


def _form(actor: Actor, found: Sequence[Paper]) -> None:
    today, due = seoul_day(actor.at), {one.kind: one.due for one in found}
    with st.form("paper_destroyed"):
        kind = st.selectbox(
            _("Which forms?"), list(due),
            format_func=lambda name: _("{kind}: {n} to destroy", kind=form_word(name), n=due[name]),
        )  # fmt: skip
        forms = st.number_input(_("How many were destroyed"), 1, None, 1, step=1)
        method = st.radio(
            _("How?"), list(PaperMethod), index=None, format_func=lambda m: _(METHODS[m])
        )
        day = st.date_input(_("On"), today, max_value=today, format=_DATES)
        sent = st.form_submit_button(_("Record it"), type="primary")
    if not sent:
        return
    if method is None or day is None:
        draw("problem.html", text=_("Please say how, and on which day."))
        return
    try:
        with house().databases.data.begin() as connection:
            done = Destroyed(str(kind), int(forms), method, day)
            paper.record(connection, actor, done)
    except PaperRefused as refused:
        draw("problem.html", text=_(refused.message, **refused.params))
        return
    said.say(_("It is recorded, with your staff number."))
