"""`/messages`: everything we told the member, the newest first."""

from __future__ import annotations

import streamlit as st

from db.settings import settings
from db.words import Purpose
from pages.components import gate
from pages.components.fragment import draw
from pages.components.text import language
from services import access, inbox
from services.actor import Permission
from services.ledger import EventName

_PAGE = "messages_page"
actor = gate.member(Permission.INBOX_READ)
look = access.Look(EventName.INBOX_VIEWED, Permission.INBOX_READ, "/messages")
page = int(st.session_state.get(_PAGE, 1))
with access.open(actor, actor.subject_id, Purpose.SHOW, look=look) as subject:
    found = inbox.read(subject, page, language(), settings().address)

pages = -(-found.count // inbox.PAGE_ROWS)
draw("messages.html", found=found, child=actor.for_child, address=settings().address)
if pages > 1:
    st.pagination(pages, key=_PAGE, max_visible_pages=5)
