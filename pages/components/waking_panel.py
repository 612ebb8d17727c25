"""Says that the account sleeps, wakes it after a verification, and watches until it is awake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.words import Purpose
from pages.components import gate, sign_in_panel
from pages.components.fragment import draw
from pages.components.text import _
from services import access, sessions, waking
from services.actor import Permission
from services.house import house
from services.ledger import EventName

if TYPE_CHECKING:
    from services.actor import Actor

_RESUME: Final = "jk_resume"
_LOOK: Final = access.Look(EventName.OVERVIEW_VIEWED, Permission.ACCOUNT_WAKE, "/")
_ASK: Final = access.Look(EventName.WAKING_ASKED, Permission.ACCOUNT_WAKE, "/", folds=False)


def panel(actor: Actor) -> None:
    """Draw why the account sleeps and the ways on, or that it is being woken."""
    if (st.session_state.pop(_RESUME, None) or {}).get("wake") and actor.verified:
        _ask(actor)
    with access.open(actor, actor.person, Purpose.SHOW, look=_LOOK) as subject:
        asleep = waking.asleep(subject)
    draw("asleep.html", asleep=asleep)
    if asleep.under_way:
        st.fragment(_watch, run_every=1)(actor)
        return
    with st.container(horizontal=True):
        again = st.button(_("Use again"), key="wake", type="primary", icon=":material/alarm:")
        if st.button(_("Leave without waking"), key="leave", icon=":material/logout:"):
            st.switch_page("member/leave.py")
        if st.button(_("Take my data without waking"), key="export", icon=":material/download:"):
            st.switch_page("member/export.py")
    if again and not actor.verified:
        sign_in_panel.ask_verification({"wake": True})
    elif again:
        _ask(actor)
        st.rerun()


def _ask(actor: Actor) -> None:
    with access.open(actor, actor.person, Purpose.SHOW, look=_ASK) as subject:
        waking.ask(subject)


def _watch(actor: Actor) -> None:
    """Say that it is under way; when the session's member is awake, go on to the overview."""
    token = gate.browser_token()
    with house().databases.data.connect() as connection:
        session = sessions.find(connection, token, actor.at)
    if session is None or session.store != gate.here().session.store:  # type: ignore[union-attr]
        st.rerun()
    draw("waking.html")
