"""Announced changes to the policy (`/notices`, clause 11), for anyone."""

from __future__ import annotations

from db.clock import now, seoul_day
from pages.components import fragment
from pages.components.gate import guard
from services import policies
from services.actor import Permission

guard(Permission.PUBLIC)

fragment.draw("notices.html", notices=policies.notices(seoul_day(now())))
