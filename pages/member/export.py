"""`/export`: 내 자료 받기. What is taken, made while one waits or is away, then handed over."""

from __future__ import annotations

from pages.components import export_panel, gate
from services.actor import Permission

actor = gate.member(Permission.DATA_EXPORT)
export_panel.panel(actor)
