"""Draws which companies were told of a change and which confirmed it: "2 of 3 confirmed" (P33)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.declarations import ITEMS
from pages.components.fragment import draw, render
from pages.components.text import _
from services.company_words import CHANGES

if TYPE_CHECKING:
    from services.telling import LateCompany, Progress


def _line(one: Progress) -> dict[str, object]:
    labels = [_(ITEMS[name].label) for name in one.items if name in ITEMS]
    return {"one": one, "change": _(CHANGES[one.change]), "items": ", ".join(labels)}


def html(told: tuple[Progress, ...]) -> str:
    """Return the list, to stand inside another page's piece; empty when nobody was told."""
    return render("told.html", lines=[_line(one) for one in told]) if told else ""


def told(told: tuple[Progress, ...]) -> None:
    """Draw what `telling.progress` says as one element; nothing when nobody was told."""
    if told:
        draw("told.html", lines=[_line(one) for one in told])


def late(companies: tuple[LateCompany, ...]) -> None:
    """Draw for the desk which companies have not confirmed in time."""
    draw("late.html", companies=companies)
