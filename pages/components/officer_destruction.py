"""Destruction on the officer's desk."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import streamlit as st

from db.clock import seoul_day
from db.declarations import KINDS
from db.words import N_, RecordKind
from pages.components.fragment import draw
from pages.components.text import _
from services import first_run
from services.house import house

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from services.actor import Actor
    from services.officer_destruction import View

_OTHERS = {
    "inbox": N_("Messages to members"),
    "after_withdrawal": N_("Values of members who left"),
    "members": N_("Members who left, with their keys"),
    "leaving": N_("What went because its member left"),
}


def today(actor: Actor) -> date:
    """Return the request's day in Seoul."""
    return seoul_day(actor.at)


def word(kind: str) -> str:
    """Return what a kind of row is called."""
    return _(_OTHERS[kind] if kind in _OTHERS else KINDS[RecordKind(kind)].label)


def _months(found: View) -> list[tuple[date, int, int, str]]:
    """Return a line for each month: its first day, how many end, how long a bar, of what."""
    grouped = [(month, list(ends)) for month, ends in groupby(found.ending, lambda e: e.month)]
    most = max((sum(e.rows for e in ends) for _month, ends in grouped), default=1)
    return [
        (month, total, round(100 * total / most),
         " · ".join(f"{word(e.kind)} {e.rows:,}" for e in ends))
        for month, ends in grouped
        if (total := sum(e.rows for e in ends))
    ]  # fmt: skip


def panel(actor: Actor, found: View) -> None:
    """Draw the page; the officer confirms an import's overdue records with one button."""
    draw("officer_destruction.html", found=found, word=word, months=_months(found))
    for one in found.waiting:
        if one.planned and st.button(
            _("Destroy the overdue data of “{source}”", source=one.source), key=f"d{one.import_id}"
        ):
            _confirm(actor, one.import_id)
            st.rerun()


def _confirm(actor: Actor, import_id: UUID) -> None:
    with house().databases.data.begin() as connection:
        first_run.confirm(connection, actor, import_id)
