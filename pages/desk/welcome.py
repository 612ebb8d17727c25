"""`/` for staff: who they are here, and how much waits for them."""

from __future__ import annotations

from db.words import ActorKind, StaffRole
from pages.components import gate, standing_panel
from pages.components.fragment import draw
from services import bars, case_list, desk_queue, officer_open, report_desk
from services.actor import Permission
from services.house import house

actor = gate.member(Permission.PORTAL_OPEN)
officer = actor.role is StaffRole.OFFICER
waiting: dict[str, int] = {}
with house().databases.data.begin() as connection:
    if actor.kind is ActorKind.STAFF:
        waiting["cases"] = case_list.count(connection, actor)
        waiting["queue"] = desk_queue.count(connection)
        waiting["reports"] = report_desk.count(connection, actor)[0]
    if officer:
        waiting["officer"] = officer_open.count(connection, actor).total
        waiting["destruction"] = officer_open.to_destroy(connection)
        waiting["bars"] = sum(one.open for one in bars.listed(connection, actor))
draw("desk_welcome.html", officer=officer, waiting=waiting, ending=standing_panel.ending())
