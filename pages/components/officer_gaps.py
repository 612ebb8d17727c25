"""The officer's section of what the policy in force leaves unsaid: its next version closes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.clock import seoul_day
from db.policy import in_force
from pages.components.fragment import draw
from pages.components.text import language
from services.language import format_date

if TYPE_CHECKING:
    from services.actor import Actor


def panel(actor: Actor) -> None:
    """Draw each gap with its clause. No query: the policy is a file."""
    policy = in_force(seoul_day(actor.at))
    rows = [(one.clause, getattr(one.says, language())) for one in policy.not_stated]
    draw("officer_gaps.html", rows=rows, version=format_date(policy.in_force_from))
