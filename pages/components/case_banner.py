"""On every page of staff with a case in hand: for whom, which case, until when, and the ways on."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

import streamlit as st

from db import clock
from pages.components import case_view, gate
from pages.components.fragment import draw
from pages.components.text import _
from services import case_going_on, case_words, cases
from services.house import house

if TYPE_CHECKING:
    from services.actor import Actor
    from services.cases import Case

WHO: Final = "jk_call_who"
"""Who it is, masked, as the look-up or the case has shown it."""
_EVERY: Final = 30
"""Seconds between two looks at the clock."""


def panel(actor: Actor, case: Case) -> None:
    """Draw the banner, its clock, and what can be done from everywhere."""
    st.fragment(_clock, run_every=_EVERY)(case)
    with st.container(horizontal=True, vertical_alignment="center"):
        elsewhere = gate.here_path() != cases.PAGE
        if elsewhere and st.button(
            _("To the case"), key="case_open", icon=":material/support_agent:"
        ):
            st.switch_page("desk/cases.py")
        if case.suspended_at is None:
            with st.popover(_("Half an hour more"), icon=":material/more_time:"):
                _renew(actor, case)
        if st.button(_("Put it aside"), key="case_aside", type="tertiary"):
            gate.take_in_hand(None)
            st.switch_page("desk/cases.py")


def _clock(case: Case) -> None:
    now = clock.now()
    runs = case.runs(now)
    if not runs and st.session_state.get(_SEEN_RUNNING) == case.case_id:
        # What the page shows must not stay on the screen.
        st.session_state.pop(_SEEN_RUNNING)
        st.rerun()
    if runs:
        st.session_state[_SEEN_RUNNING] = case.case_id
    left = ceil((case.granted_until - now).total_seconds() / 60) if runs else 0
    draw("case_banner.html", who=st.session_state.get(WHO, ""), no=case.no, minutes=left,
         until=case_view.clock(case.granted_until), runs=runs, verified=case.verified,
         suspended=case.suspended_at is not None)  # fmt: skip


_SEEN_RUNNING: Final = "jk_call_ran"


def _renew(actor: Actor, case: Case) -> None:
    words = case_words.RENEWING
    why = st.selectbox(
        _("Why it goes on"), list(words), key="case_renew_why", format_func=lambda w: _(words[w])
    )
    if st.button(_("Go on"), key="case_renew", type="primary") and why is not None:
        with house().databases.data.begin() as connection:
            case_going_on.renew(connection, actor, case, why)
        st.rerun()
