"""`/desk-queue`: open requests by deadline; the one in hand, and its decision."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from pages.components import deciding_panel, gate, queue_panel, said, told_view
from services import desk_queue, telling
from services.actor import Permission
from services.house import house

actor = gate.member(Permission.QUEUE_READ)
# After a confirmation the tab is a new one: the session's row remembers which case it was.
resumed = (st.session_state.get("jk_resume") or {}).get("case")
if resumed:
    st.session_state[queue_panel.CASE] = UUID(resumed)
case_id = st.session_state.get(queue_panel.CASE)
said.show()
with house().databases.data.begin() as connection:
    case = desk_queue.in_hand(connection, actor, case_id) if case_id else None
    queue = None if case else desk_queue.page(connection, actor, queue_panel.page())
    late = () if case else telling.late(connection, actor.at)
if case is not None:
    deciding_panel.panel(actor, case)
elif queue is not None:
    st.session_state.pop(queue_panel.CASE, None)
    queue_panel.panel(actor, queue)
    if late:
        told_view.late(late)
