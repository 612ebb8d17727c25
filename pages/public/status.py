"""`/status`: after leaving, what was destroyed when and what is kept until when; no account."""

from __future__ import annotations

from pages.components import gate, status_panel
from services.actor import Permission

gate.guard(Permission.PUBLIC)
status_panel.panel()
