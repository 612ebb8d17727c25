"""`/` signed out: what this is, and the way in."""

from __future__ import annotations

from pages.components import gate, sign_in_panel
from services.actor import Permission

gate.guard(Permission.PUBLIC)
sign_in_panel.sign_in()
sign_in_panel.staff_sign_in()
