"""Where the member is signed in, and the way to end the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from db import clock
from pages.components.fragment import draw
from pages.components.text import _
from services import own_sessions
from services.house import house

if TYPE_CHECKING:
    from services.actor import Actor
    from services.own_sessions import OpenSession


def panel(actor: Actor, sessions: tuple[OpenSession, ...]) -> None:
    """Draw the list, and the button where there is another one."""
    draw("sessions.html", sessions=sessions)
    # Not a callback: those run before the gate, also in a tab whose session was ended.
    if len(sessions) > 1 and st.button(
        _("Sign out everywhere else"), key="end_others", icon=":material/devices_off:"
    ):
        with house().databases.data.begin() as connection:
            own_sessions.end_others(connection, actor.person, actor.session_id, clock.now())
        st.rerun()
