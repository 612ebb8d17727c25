"""Chooses what to stop, shows before what changes and what goes on, and stops it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import streamlit as st

from db import policy
from db.declarations import ITEMS
from pages.components import acting
from pages.components.fragment import draw
from pages.components.text import _, language
from services import request_words
from services.language import format_date

if TYPE_CHECKING:
    from datetime import date

    from db.policy_facts import Words
    from services.stop_preview import Line, Preview

_ROUND: Final = "jk_stop_round"
ALL: Final = "all"


@dataclass(frozen=True)
class LineView:
    """A use before and after."""

    name: str
    before: str
    after: str
    stops: bool


def said(words: Words) -> str:
    """Return words of the law or the policy in the screen's language."""
    return words.ko if language() == "ko" else words.en


def _key() -> str:
    return acting.keyed(f"jk_stop_scope_{st.session_state.get(_ROUND, 0)}")


def afresh() -> None:
    """Begin with nothing chosen: a widget keeps its choice as long as it keeps its key."""
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def chosen() -> tuple[bool, str | None]:
    """Return whether something is chosen in this tab, and what (None: all)."""
    found = st.session_state.get(_key())
    return found is not None, None if found == ALL else found


def choose(today: date) -> None:
    """Draw the choice: all, the three purposes of clause 1, or one use alone."""
    names = {ALL: _("Everything that can be stopped")}
    groups = tuple(reversed(policy.in_force(today).purposes))
    names |= {group.id: _("{purpose}: all of it", purpose=said(group.name)) for group in groups}
    names |= {
        use.id: f"{said(group.name)} · {said(use.name)}" for group in groups for use in group.uses
    }
    st.selectbox(
        _("What should stop?"),
        list(names),
        index=None,
        format_func=names.__getitem__,
        placeholder=_("Choose"),
        key=_key(),
    )


def before_and_after(found: Preview) -> bool:
    """Draw what would change; return whether the member stops it now."""
    draw(
        "stop_preview.html",
        title=request_words.scope(language(), found.scope),
        lines=[_line(line) for line in found.lines],
        continues=[
            {
                "name": said(one.name),
                "why": said(one.why),
                "citation": said(one.citation),
                "until": one.until,
            }
            for one in found.continues
        ],
        due_on=found.due_on,
        stops=found.stops_something,
    )
    return found.stops_something and st.button(
        _("Stop it now"), key=acting.keyed("stop"), type="primary", icon=":material/front_hand:"
    )


def _line(line: Line) -> LineView:
    items = ", ".join(_(ITEMS[item].label) for item in line.items)
    after = _("stops at once")
    if line.goes_on and line.until:
        after = _("goes on until {day}, then stops", day=format_date(line.until))
    elif line.goes_on:
        after = _("goes on")
    name = request_words.scope(language(), line.purpose)
    return LineView(name, items or _("not used now"), after, not line.goes_on)
