"""Whom to ask about one's data (`/contact`, clause 10), for anyone."""

from __future__ import annotations

from db.clock import now, seoul_day
from db.policy import in_force
from pages.components import fragment, report_panel
from pages.components.gate import guard
from pages.components.text import language
from services import policies
from services.actor import Permission

guard(Permission.PUBLIC)

policy = in_force(seoul_day(now()))
fragment.draw(
    "contact.html",
    officer=policies.officer(policy, language()),
    agencies=policies.agencies(policy, language()),
)
report_panel.panel()
