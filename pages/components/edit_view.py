"""Turns an item that is edited into words: what is held, what is under way, who would be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pages.components import profile_view, restriction_view
from pages.components.text import _
from services.history_words import EVENTS
from services.language import format_date, format_datetime

if TYPE_CHECKING:
    from services.editing import Editing


@dataclass(frozen=True)
class EditView:
    """One item as it is drawn: each value with how to show it."""

    label: str
    required: bool
    values: tuple[tuple[str, str], ...]
    states: tuple[str, ...]
    told: str
    changes: tuple[str, ...]
    hidden: bool


def view(one: Editing) -> EditView:
    """Return the item in the reader's language."""
    return EditView(
        _(one.item.label),
        one.item.required,
        tuple(shown(one)),
        tuple(_states(one)),
        told(one),
        tuple(f"{format_datetime(line.at)} · {_(EVENTS[line.name])}" for line in one.changes),
        one.hidden,
    )


def shown(one: Editing) -> list[tuple[str, str]]:
    """Return the values held, each with how to show it."""
    return [
        profile_view.broken() if held.text is None else profile_view.display(one.item, held.text)
        for held in one.held
    ]


def told(one: Editing) -> str:
    """Return who will be told of a change (P33)."""
    if not one.told:
        return _("Nobody else holds it, so nobody else has to be told.")
    return _("We tell of every change: {companies}", companies=", ".join(one.told))


def _states(one: Editing) -> list[str]:
    found = []
    if one.due_on:
        found.append(_("You asked for a change. We decide by {day}.", day=format_date(one.due_on)))
    if one.link_until and one.item.name == "email":
        found.append(
            _("A new address waits for its link, until {moment}. Notices go there meanwhile.",
              moment=format_datetime(one.link_until))
        )  # fmt: skip
    if one.restricted:
        blocked = restriction_view.blocked(one.restricted)
        found.append(_("Not used meanwhile. {blocked}", blocked=blocked))
    return found
