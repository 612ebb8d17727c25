"""`/` for staff: who they are here."""

from __future__ import annotations

from pages.components import gate
from pages.components.fragment import draw
from services.actor import Permission

actor = gate.member(Permission.PORTAL_OPEN)
draw("desk_welcome.html", role=actor.role)
