"""`/desk-officer`: what the privacy officer watches; the chosen section, and how much is open."""

from __future__ import annotations

import streamlit as st

from db.words import N_
from pages.components import (
    gate,
    officer_children,
    officer_demands,
    officer_findings,
    officer_gaps,
    officer_overdue,
    officer_safeguards,
    officer_unreached,
    officer_watch,
    said,
)
from pages.components.fragment import draw
from pages.components.text import _
from services import officer_open
from services.actor import Permission
from services.house import house

actor = gate.member(Permission.OFFICER_DESK)
SECTIONS = {
    "overdue": (N_("Overdue"), officer_overdue.panel),
    "unusual": (N_("Watching access"), officer_watch.panel),
    "findings": (N_("Data given out"), officer_findings.panel),
    "demands": (N_("Legal demands"), officer_demands.panel),
    "safeguards": (N_("Outside the portal"), officer_safeguards.panel),
    "unreached": (N_("Not reached"), officer_unreached.panel),
    "children": (N_("Children and guardians"), officer_children.panel),
    "gaps": (N_("Gaps of the policy"), officer_gaps.panel),
}
"""A further section is one line: its name (that of its number in `Open`), title and drawing."""

with house().databases.data.begin() as connection:
    numbers = officer_open.count(connection, actor)
# After a confirmation the tab is a new one: the session's row remembers the section.
first = str(
    st.session_state.get("jk_officer")
    or (st.session_state.get("jk_resume") or {}).get("section")
    or next((name for name in SECTIONS if getattr(numbers, name)), "overdue")
)
draw("officer.html", open=[(_(title), getattr(numbers, name))
                           for name, (title, _panel) in SECTIONS.items()])  # fmt: skip
said.show()
chosen = st.pills(
    _("Section"), list(SECTIONS), default=first, key="jk_officer", required=True,
    format_func=lambda name: _(SECTIONS[name][0]),
)  # fmt: skip
SECTIONS[str(chosen or first)][1](actor)
