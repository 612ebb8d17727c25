"""`/`: my state, what is open, and until when things are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from db import policy
from db.words import Purpose
from pages.components import (
    acting,
    child_menu,
    dispute_panel,
    fourteen_panel,
    gate,
    kept_only,
    said,
    sessions_panel,
    ward_name,
)
from pages.components.fragment import draw
from pages.components.matters_view import matters
from pages.components.text import _
from pages.components.timeline import timeline
from services import access, disputes, overview, own_contact, retention
from services.actor import Permission
from services.ledger import EventName

if TYPE_CHECKING:
    from uuid import UUID

actor = gate.member(Permission.PROFILE_READ)
look = access.Look(EventName.OVERVIEW_VIEWED, Permission.PROFILE_READ, "/", ("nickname",))
with access.open(actor, actor.subject_id, Purpose.SHOW, look=look) as subject:
    brief = overview.brief(subject)
    today = subject.today
    young = brief.turns_14_on is not None
    standing = disputes.standing(subject) if young else None
    way = own_contact.way(subject) if young else None

said.show()
if actor.for_child and actor.acting_for is not None:
    ward_name.note(actor.acting_for, brief.nickname)
own_child = way is not None and actor.acting_for is None and not actor.for_child
draw("overview.html", brief=brief, child=actor.for_child, young=own_child,
     name=ward_name.short(brief.nickname or ""))  # fmt: skip
if own_child:
    draw("child_words.html")
if brief.store_only:
    kept_only.box(actor)


def _open_child(child: UUID) -> None:
    acting.act_for(actor, child)


with st.container(horizontal=True):
    if st.button(
        child_menu.called("My data", child=actor.for_child),
        key="my_data",
        type="primary",
        icon=":material/badge:",
    ):
        acting.go("member/my_data.py")
    if st.button(
        child_menu.called("Edit my data", child=actor.for_child), key="edit", icon=":material/edit:"
    ):
        acting.go("member/edit.py")
    if st.button(
        child_menu.called("Take my data", child=actor.for_child),
        key="export",
        icon=":material/download:",
    ):
        acting.go("member/export.py")
    if st.button(_("Turn advertising off"), key="ads", icon=":material/notifications_off:"):
        acting.go("member/consents.py")
    if actor.acting_for is None:
        for number, child in enumerate(brief.children, start=1):
            st.button(
                _("Child {n}: see their data", n=number),
                key=f"child_{number}",
                icon=":material/child_care:",
                on_click=_open_child,
                args=(child.member_id,),
            )
fourteen_panel.answers(brief.answers_until if actor.acting_for is None else None)
if way is not None:
    fourteen_panel.panel(actor, brief, today, way)
draw("open_matters.html", matters=matters(brief.matters))
timeline(retention.bars(brief.kinds), policy.in_force(today), today, child=actor.for_child)
if standing is not None:
    dispute_panel.panel(actor, standing)
if actor.acting_for is None:
    sessions_panel.panel(actor, brief.sessions)
