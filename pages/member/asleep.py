"""`/` for a member whose account sleeps: that it does, and that nothing is lost."""

from __future__ import annotations

from pages.components import gate
from pages.components.fragment import draw
from services.actor import Permission

gate.member(Permission.PORTAL_OPEN)
draw("asleep.html")
