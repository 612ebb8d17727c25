"""`/` for a member whose account sleeps: since when, why, and the way back (clause 3.3; P12)."""

from __future__ import annotations

from pages.components import gate, waking_panel
from pages.components.fragment import draw
from services.actor import Permission

actor = gate.member(Permission.PORTAL_OPEN)
if gate.here().asleep:
    waking_panel.panel(actor)
else:
    draw("asleep.html", asleep=None)
