"""`/desk-destruction`: what is past its time and what ends when, forms on paper, legal holds."""

from __future__ import annotations

import streamlit as st

from db.clock import seoul_day
from db.words import N_
from pages.components import gate, officer_destruction, officer_holds, officer_paper, said
from pages.components.fragment import draw
from pages.components.text import _
from services import officer_destruction as service
from services.actor import Permission
from services.house import house

actor = gate.member(Permission.OFFICER_DESK)
SECTIONS = {
    "data": (N_("Data"), officer_destruction.panel),
    "paper": (N_("Forms on paper"), officer_paper.panel),
    "holds": (N_("Legal holds"), officer_holds.panel),
}
"""A further section is one line: its name, its title and what draws it."""

first = (st.session_state.get("jk_resume") or {}).get("section", "data")
with house().databases.data.begin() as connection:
    found = service.head(connection, actor, seoul_day(actor.at))
draw("destruction.html", found=found)
said.show()
chosen = st.pills(
    _("Section"), list(SECTIONS), default=first, key="jk_destruction", required=True,
    format_func=lambda name: _(SECTIONS[name][0]),
)  # fmt: skip
SECTIONS[str(chosen or "data")][1](actor, found)
