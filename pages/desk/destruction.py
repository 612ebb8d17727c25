"""`/desk-destruction`: what is past its time, what waits for the officer, what ends when."""

from __future__ import annotations

from pages.components import gate, officer_destruction
from services import officer_destruction as service
from services.actor import Permission
from services.house import house

actor = gate.member(Permission.OFFICER_DESK)
with house().databases.data.begin() as connection:
    found = service.view(connection, actor, officer_destruction.today(actor))
officer_destruction.panel(actor, found)
