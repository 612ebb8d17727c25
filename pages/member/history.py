"""`/history`: who looked at or changed my data, when and why; my own looks are one line a day."""

from __future__ import annotations

import streamlit as st

from db import policy
from db.words import Purpose
from pages.components import gate, history_view, not_me_panel, said
from pages.components.fragment import draw, draw_common
from pages.components.text import _
from services import access, child_link, history
from services.actor import Permission
from services.history import PAGE_ROWS
from services.ledger import EventName

actor = gate.member(Permission.HISTORY_READ)
look = access.Look(EventName.HISTORY_VIEWED, Permission.HISTORY_READ, "/history")
chosen = history_view.chosen()
with access.open(actor, actor.subject_id, Purpose.SHOW, look=look) as subject:
    found = history.read(subject, chosen.page, only_others=chosen.only_others)
    today = subject.today

draw_common("history_intro.html", child=actor.for_child)
said.show()
st.toggle(_("Only what others did"), key=history_view.OTHERS)
days = history_view.days(found.lines, policy.in_force(today))
child = child_link.token(actor, actor.acting_for) if actor.acting_for else None
# A proof goes into the member's own hands, not through those of staff.
if not not_me_panel.days(actor, days, child):
    draw("history.html", days=days, child=child, others=chosen.only_others, proofs=not actor.grant)
pages = -(-found.count // PAGE_ROWS)
if pages > 1:
    st.pagination(pages, key=chosen.page_key, max_visible_pages=5)
