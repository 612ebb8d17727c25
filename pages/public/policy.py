"""The privacy policy in plain words (`/policy`), for anyone."""

from __future__ import annotations

from db.clock import now, seoul_day
from db.policy import in_force
from pages.components import fragment
from pages.components.gate import guard
from pages.components.text import language
from services import policies
from services.actor import Permission

guard(Permission.PUBLIC)

page = policies.page(in_force(seoul_day(now())), language())
fragment.draw("policy_summary.html", page=page)
fragment.draw("policy_sections.html", page=page)
