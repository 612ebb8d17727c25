"""`/sharing`: who received my data, when, why and until when; who processes it for us."""

from __future__ import annotations

import streamlit as st

from db import policy
from db.words import Purpose
from pages.components import gate, sharing_view
from pages.components.fragment import draw
from services import access, sharing
from services.actor import Permission
from services.ledger import EventName
from services.sharing import PAGE_ROWS

actor = gate.member(Permission.SHARING_READ)
look = access.Look(EventName.SHARING_VIEWED, Permission.SHARING_READ, "/sharing")
page = int(st.session_state.get(sharing_view.PAGE) or 1)
with access.open(actor, actor.subject_id, Purpose.SHOW, look=look) as subject:
    found = sharing.read(subject, page)
    today = subject.today

child, version = actor.for_child, policy.in_force(today)
draw("sharing.html", **sharing_view.given(found, version, today), child=child)
pages = -(-found.count // PAGE_ROWS)
if pages > 1:
    st.pagination(pages, key=sharing_view.PAGE, max_visible_pages=5)
draw("sharing_more.html", **sharing_view.more(found, version), child=child)
