"""The officer's note of which membership one of the staff has: they open no case on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import said
from pages.components.fragment import draw
from pages.components.text import _
from services import callers, case_going_on, case_words
from services.house import house

if TYPE_CHECKING:
    from uuid import UUID

    from db.words import CaseReason
    from services.actor import Actor


def panel(actor: Actor) -> None:
    """Draw the form, shut until it is wanted."""
    with house().databases.data.begin() as connection:
        people = case_going_on.colleagues(connection)
    named = {number: staff_id for staff_id, number, _known in people}
    known = {number for _id, number, linked in people if linked}
    with st.expander(_("Staff who are members, too")), st.form("staff_member", border=False):
        number = st.selectbox(
            _("Staff number"), list(named), index=None, placeholder=_("Please choose"),
            format_func=lambda n: _("{number} (a membership is noted)", number=n)
            if n in known else n,
        )  # fmt: skip
        typed = st.text_input(
            _("Their own membership: exact e-mail, mobile or login ID (empty: none)"),
            autocomplete="off", max_chars=200,
        )  # fmt: skip
        why = st.selectbox(
            _("Reason"), list(case_words.LINKING), index=None, placeholder=_("Please choose"),
            format_func=lambda w: _(case_words.LINKING[w]), key="staff_member_why",
        )  # fmt: skip
        sent = st.form_submit_button(_("Note it"))
    if not sent or number not in named:
        return
    if why is None:
        draw("problem.html", text=_("Please choose a reason."))
        return
    _link(actor, named[number], typed.strip(), why)


def _link(actor: Actor, staff_id: UUID, typed: str, why: CaseReason) -> None:
    actor.require_verification()
    member_id = None
    if typed:
        with house().databases.data.begin() as connection:
            sought = callers.seek(connection, actor, typed, None)
        if len(sought.people) != 1:
            draw("problem.html", text=_("This names nobody, or several. Nothing was noted."))
            return
        ((member_id, _store),) = sought.people
    with house().databases.data.begin() as connection:
        case_going_on.link_staff(connection, actor, staff_id, member_id, why)
    said.say(_("Noted. They open no case on themselves, their child or their guardian."))
