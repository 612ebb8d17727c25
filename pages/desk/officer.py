"""`/desk-officer`: what the privacy officer watches; only the chosen section asks the database."""

from __future__ import annotations

import streamlit as st

from db.words import N_
from pages.components import gate, officer_demands, officer_findings, said
from pages.components.fragment import draw
from pages.components.text import _
from services.actor import Permission

actor = gate.member(Permission.OFFICER_DESK)
SECTIONS = {
    "findings": (N_("Data given out"), officer_findings.panel),
    "demands": (N_("Legal demands"), officer_demands.panel),
}
"""A further section is one line: its name, its title and what draws it."""

# After a confirmation the tab is a new one: the session's row remembers the section.
first = (st.session_state.get("jk_resume") or {}).get("section", "findings")
draw("officer.html")
said.show()
chosen = st.segmented_control(
    _("Section"), list(SECTIONS), default=first, key="jk_officer", required=True,
    format_func=lambda name: _(SECTIONS[name][0]),
)  # fmt: skip
SECTIONS[str(chosen or "findings")][1](actor)
