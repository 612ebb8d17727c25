"""Warns before the session ends by itself, lets it be extended, clears the screen at its end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import streamlit as st

from db import clock
from pages.components import gate
from pages.components.fragment import draw
from pages.components.text import _
from services import time_limit
from services.house import house

if TYPE_CHECKING:
    from datetime import datetime

WARN = timedelta(minutes=3)
"""How long before the end the warning comes; staff's limit is ten minutes."""
LOOK_EVERY = timedelta(minutes=1)


def _ends() -> datetime | None:
    """Return when the session ends; a run of the whole page has only just read its row."""
    if read := gate.just_read():
        return read.ends_at(clock.now())
    with house().databases.look[0].connect() as connection:
        return time_limit.ends_at(connection, gate.browser_token())


@st.fragment(run_every=LOOK_EVERY)
def watch() -> None:
    """Look once a minute, without counting as activity; nothing is drawn until it matters."""
    ends = _ends()
    left = ends - clock.now() if ends else timedelta(0)
    if left <= timedelta(0):
        # The whole page runs again: what it showed must not stay on the screen.
        st.rerun()
    if left <= WARN:
        draw("time_limit.html", ends=ends)
        if st.button(_("Stay signed in"), key="stay", type="primary"):
            st.rerun()
