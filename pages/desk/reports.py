"""`/desk-reports`: what anybody reported or asked, by deadline; and the answer to one."""

from __future__ import annotations

import streamlit as st

from pages.components import desk_reports_panel, gate, said
from services import report_desk
from services.actor import Permission
from services.house import house

actor = gate.member(Permission.REPORT_HANDLE)
said.show()
opened = st.session_state.get(desk_reports_panel.OPENED)
with house().databases.data.begin() as connection:
    count = (0, 0) if opened else report_desk.count(connection, actor)
    rows = () if opened else report_desk.page(connection, actor, desk_reports_panel.place())
    found = report_desk.one(connection, actor, opened) if opened else None
    case = report_desk.case_of(connection, found) if found and found.case_id else None
if found is not None:
    desk_reports_panel.one(actor, found, case)
else:
    desk_reports_panel.panel(actor, count, rows)
