"""`/my-data`: every item held, with why, until when and from where; then the records."""

from __future__ import annotations

import streamlit as st

from db.words import ActorKind, Purpose
from pages.components import acting, child_menu, gate, kept_only, records_panel, unmasking
from pages.components.fragment import draw, draw_common
from pages.components.profile_view import groups
from services import access, profile, records
from services.actor import Permission
from services.ledger import EventName

actor = gate.member(Permission.PROFILE_READ)
plain = unmasking.wanted(actor)
child = actor.for_child
look = access.Look(
    EventName.VALUES_UNMASKED if plain else EventName.PROFILE_VIEWED,
    Permission.PROFILE_UNMASK if plain else Permission.PROFILE_READ,
    "/my-data",
)
chosen = records_panel.chosen()
with access.open(actor, actor.subject_id, Purpose.SHOW, look=look) as subject:
    held = profile.held(subject, plain=plain)
    rows = records.page(subject, chosen.kind, chosen.page, plain=plain) if chosen.kind else ()
    today = subject.today

until = actor.verified_until if plain else None
draw_common("my_data_intro.html", plain=plain, until=until, child=child,
            staff=actor.kind is ActorKind.STAFF)  # fmt: skip
if held.store_only:
    kept_only.box(actor)
with st.container(horizontal=True):
    unmasking.button(actor, plain=plain)
    if st.button(
        child_menu.called("Edit my data", child=child),
        key="edit",
        icon=":material/edit:",
    ):
        acting.go("member/edit.py")
unmasking.one_by_one(actor, "/my-data", unmasking.held_names(held))
for group in groups(held, today):
    draw("profile_group.html", group=group)
draw("services_used.html", uses=held.uses, child=child)
records_panel.panel(held.kinds, rows, chosen, child=child)
