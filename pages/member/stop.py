"""`/stop`: 처리정지. What is stopped, what a stop would change, and letting it go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from db.words import Purpose
from pages.components import acting, gate, said, stop_panel
from pages.components.fragment import draw, draw_common
from pages.components.restriction_view import view
from pages.components.text import _
from services import access, restriction, stop_preview
from services.actor import Permission
from services.ledger import EventName

if TYPE_CHECKING:
    from uuid import UUID

actor = gate.member(Permission.PROCESSING_STOP)
look = access.Look(EventName.RESTRICTIONS_VIEWED, Permission.PROCESSING_STOP, "/stop")
if said.show():
    stop_panel.afresh()
wanted, scope = stop_panel.chosen()
with access.open(actor, actor.subject_id, Purpose.SHOW, look=look) as subject:
    in_force = restriction.in_force(subject)
    preview = stop_preview.preview(subject, scope) if wanted else None
    today = subject.today


def _lift(request_id: UUID) -> None:
    with access.open(actor, actor.subject_id, Purpose.SHOW, look=look) as opened:
        restriction.lift(opened, request_id)
    said.say(_("It goes on again. We told you by mail, too."))


def _stop() -> None:
    with access.open(actor, actor.subject_id, Purpose.SHOW, look=look) as opened:
        restriction.stop(opened, scope)
    if actor.for_child:
        said.say(
            _("It is stopped. Under “The child's requests” you see what we decide, and until when.")
        )
    said.say(_("It is stopped. Under “My requests” you see what we decide, and until when."))


draw_common("stop_intro.html", child=actor.for_child, any=bool(in_force))
for number, one in enumerate(map(view, in_force)):
    draw("restriction.html", one=one)
    label = _("Let it go on: {what}", what=one.title)
    key = acting.keyed(f"lift_{number}")
    if one.stopped and one.request_id and st.button(label, key=key):
        _lift(one.request_id)
stop_panel.choose(today)
if preview is not None and stop_panel.before_and_after(preview):
    _stop()
