"""The officer's section of what is past its day, each with the page that closes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pages.components.fragment import draw
from pages.components.text import _
from services import overdue
from services.house import house

if TYPE_CHECKING:
    from services.actor import Actor


def panel(actor: Actor) -> None:
    """Draw the numbers and where each is closed."""
    with house().databases.data.begin() as connection:
        found = overdue.count(connection, actor)
    rows = (
        (_("Requests of members, past their day"), found.requests, "/desk-queue", _("Decide")),
        (_("Cases of callers, past their day"), found.cases, "/desk-cases", _("Answer")),
        (_("Reports and questions, past their day"), found.reports, "/desk-reports", _("Answer")),
        (_("Staff without assignment, training or a fresh password"), found.staff, "/desk-staff",
         _("Renew, or end the access")),
    )  # fmt: skip
    draw("officer_overdue.html", rows=rows, count=found.total)
