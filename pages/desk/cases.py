"""`/desk-cases`: somebody calls: who they are, their case, what they ask, and the answer (P31)."""

from __future__ import annotations

from pages.components import case_panel, cases_panel, gate, said
from services.actor import Permission

actor = gate.member(Permission.CASE_HANDLE)
said.show()
case = gate.here().case
if case is None:
    cases_panel.panel(actor)
else:
    case_panel.panel(actor, case)
    cases_panel.others(actor, case)
