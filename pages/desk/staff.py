"""`/desk-staff`: who works here, what each lacks, and the register of who could see data (P26)."""

from __future__ import annotations

import streamlit as st

from db.words import N_
from pages.components import gate, said, staff_panel, staff_register_view
from pages.components.text import _
from services import staff_register
from services.actor import Permission
from services.house import house

actor = gate.member(Permission.OFFICER_DESK)
SECTIONS = {
    "accounts": (N_("Accounts"), staff_panel.panel),
    "register": (N_("Register of access"), staff_register_view.panel),
}
with house().databases.data.begin() as connection:
    found = staff_register.accounts(connection, actor)
staff_panel.head(actor, found)
said.show()
chosen = st.pills(
    _("Section"), list(SECTIONS), default="accounts", key="jk_staff", required=True,
    format_func=lambda name: _(SECTIONS[name][0]),
)  # fmt: skip
SECTIONS[str(chosen or "accounts")][1](actor, found)
