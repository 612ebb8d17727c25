"""`/desk-bars`: who may not join again after leaving, and the objections to that."""

from __future__ import annotations

from pages.components import bars_panel, gate, said
from services import bars, joining
from services.actor import Permission
from services.house import house

actor = gate.member(Permission.BAR_PLACE)
said.show()
with house().databases.data.begin() as connection:
    found = bars.listed(connection, actor)
    asked = joining.counted(connection, bars_panel.counted_from(actor))
bars_panel.panel(actor, found, asked)
