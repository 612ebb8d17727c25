"""`/family`: 아이 · 보호자. Whom I act for, who looks after me, and linking to a child."""

from __future__ import annotations

from db.words import Purpose
from pages.components import (
    babies_panel,
    carried,
    family_panel,
    gate,
    link_panel,
    move_panel,
    said,
)
from services import access, family
from services.actor import Permission

actor = gate.member(Permission.FAMILY_READ)
said.show()
if actor.verified:
    carried.restore(actor)
with access.open(actor, actor.subject_id, Purpose.SHOW, look=family_panel.LOOK) as subject:
    found = family.read(subject)
family_panel.intro(actor, found)
if actor.acting_for is None:
    family_panel.children(actor, found)
    move_panel.panel(actor, found)
    babies_panel.panel(actor, found)
    link_panel.panel(actor, found)
