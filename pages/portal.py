"""The frame of every page: who is here, navigation, and what is shown when a page can't be."""

from __future__ import annotations

import streamlit as st

from pages.components import fragment, frame, gate, text, time_limit, trouble
from pages.components.text import _

text.begin()
st.set_page_config(page_title=_("Jikim — my personal data"), page_icon="🛡️", layout="centered")
fragment.style()
with trouble.shown():
    here = gate.arrive()
    page = frame.navigation(here)
    frame.seen_off(here)
    frame.header(here, page)
    if frame.brought_back(here):
        st.stop()
    frame.notices(here)
    page.run()
    if here.actor is not None:
        time_limit.watch()
