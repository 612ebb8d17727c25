"""`/requests`: 내 요청. What was asked, until when it is answered, the result, and objecting.

A bar on joining again stands here, too: it is objected to in the same place. What the member
reported is listed, and followed up on `/contact`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from db import policy
from db.words import Purpose
from pages.components import bar_panel, carried, gate, report_view, said
from pages.components.fragment import draw, draw_common
from pages.components.request_view import views
from pages.components.text import _, language
from services import access, policies, requests
from services.actor import Permission
from services.ledger import EventName

if TYPE_CHECKING:
    from pages.components.request_view import RequestView

actor = gate.member(Permission.PROCESSING_STOP)
look = access.Look(EventName.REQUESTS_VIEWED, Permission.PROCESSING_STOP, "/requests")
said.show()
with access.open(actor, actor.subject_id, Purpose.SHOW, look=look) as subject:
    found = requests.all_asked(subject)
    today = subject.today


def _take_back(one: RequestView) -> None:
    with access.open(actor, actor.subject_id, Purpose.SHOW, look=look) as opened:
        requests.take_back(opened, one.request_id)
    said.say(_("Taken back. What was restricted for it may be used again."))


def _object(one: RequestView, words: str) -> None:
    with access.open(actor, actor.subject_id, Purpose.SHOW, look=look) as opened:
        requests.object_to(opened, one.request_id, words)
    said.say(_("We have your objection. Somebody else looks at it again, within 10 days."))


def _actions(one: RequestView) -> None:
    if one.open and st.button(_("Take back: {what}", what=one.title), key=f"back_{one.request_id}"):
        _take_back(one)
    if one.may_object:
        with st.form(f"object_{one.request_id}", border=False):
            words = st.text_area(_("What we should look at again (you may leave it empty)"),
                                 max_chars=1000, key=f"{carried.FORM}{one.request_id}")  # fmt: skip
            if st.form_submit_button(_("Object: {what}", what=one.title)):
                _object(one, words.strip())


anything = bool(found.requests or found.barred or found.reports)
draw_common("requests_intro.html", any=anything, child=actor.for_child)
agencies = policies.agencies(policy.in_force(today), language())
if found.barred is not None:
    bar_panel.panel(actor, found.barred, agencies, look)
for shown in views(found.requests, today):
    draw("request.html", one=shown, agencies=agencies)
    _actions(shown)
if found.reports:
    draw("requests_reports.html", reports=report_view.views(found.reports, today))
