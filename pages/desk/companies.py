"""`/desk-companies`: who receives, processes and delivers members' data, and the editor of it."""

from __future__ import annotations

from db import policy
from db.clock import seoul_day
from pages.components import companies_panel, companies_view, gate, said
from services import companies
from services.actor import Permission
from services.house import house

actor = gate.member(Permission.COMPANY_EDIT)
version = policy.in_force(seoul_day(actor.at))
said.show()
companies_panel.secret()
with house().databases.data.begin() as connection:
    found = companies.listed(connection)
companies_view.listed(found, version)
if actor.verified:
    companies_panel.panel(actor, found, version)
else:
    companies_panel.confirm_first()
