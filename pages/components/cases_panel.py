"""The desk between two calls: look somebody up, one's open cases, what waits for a second word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import seoul_day
from db.words import StaffRole
from pages.components import case_opening, case_view, gate, second_word_panel, staff_member_panel
from pages.components.fragment import draw
from pages.components.text import _
from services import callers, case_list, case_steps
from services.house import house

if TYPE_CHECKING:
    from services.actor import Actor
    from services.cases import Case

_AFTER: Final = "jk_cases_after"
_OWN: Final = "jk_cases_own"
_WHICH: Final = "case_which"


def panel(actor: Actor) -> None:
    """Draw the look-up first: with a caller on the line it is what is needed."""
    after, own = st.session_state.get(_AFTER), st.session_state.get(_OWN, 0)
    with house().databases.data.begin() as connection:
        mine = case_list.own(connection, actor, own)
        everyone = case_list.page(connection, after)
        steps = case_steps.listed(connection, actor)
        unusual: tuple[callers.Looked, ...] = ()
        if actor.role is StaffRole.OFFICER:
            unusual = callers.unusual(connection, seoul_day(actor.at))
    draw("cases.html")
    case_opening.panel(actor)
    _mine(actor, mine)
    if mine.rows:
        _take(dict(enumerate(mine.rows, start=mine.first)))
    second_word_panel.panel(actor, steps)
    others = tuple(one for one in everyone.rows if one.staff_id != actor.person)
    draw("cases_all.html", rows=[case_view.row(n, one, actor) for n, one in enumerate(others, 1)])
    _pages(everyone, after)
    if unusual:
        draw("cases_unusual.html", rows=unusual)
    if actor.role is StaffRole.OFFICER:
        staff_member_panel.panel(actor)


def others(actor: Actor, case: Case) -> None:
    """Draw what else is in one's hand, below the case that is looked at."""
    own = st.session_state.get(_OWN, 0)
    with house().databases.data.begin() as connection:
        mine = case_list.own(connection, actor, own, case.case_id)
    if mine.rows:
        _mine(actor, mine)


def _mine(actor: Actor, mine: case_list.Own) -> None:
    """Draw those in one's hand: which of how many, and the way to the others."""
    last = mine.first + len(mine.rows) - 1
    rows = [case_view.row(n, one, actor) for n, one in enumerate(mine.rows, mine.first)]
    draw("cases_mine.html", first=mine.first, last=last, total=mine.total, rows=rows)
    if mine.total == len(rows):
        return
    with st.container(horizontal=True):
        if mine.first > 1:
            st.button(_("My cases before these"), key="own_before", on_click=_turn,
                      args=(mine.first - 1 - case_list.PAGE_ROWS,))  # fmt: skip
        if last < mine.total:
            st.button(_("My cases after these"), key="own_after", on_click=_turn, args=(last,))


def _turn(before: int) -> None:
    """Show from the case after so many of them."""
    st.session_state[_OWN] = before // case_list.PAGE_ROWS


def _take(rows: dict[int, Case]) -> None:
    if st.session_state.get(_WHICH) not in rows:  # of another page; the browser has to learn it
        st.session_state[_WHICH] = next(iter(rows))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.selectbox(
            _("Which case?"), list(rows), key=_WHICH,
            format_func=lambda n: f"{rows[n].no} · {case_view.asked(rows[n].asked)}",
        )  # fmt: skip
        if st.button(_("Go on with it"), key="case_take", type="primary") and number in rows:
            gate.take_in_hand(rows[number].case_id)
            st.rerun()


def _pages(found: case_list.Page, after: object) -> None:
    with st.container(horizontal=True):
        if after is not None and st.button(_("From the start"), key="cases_first"):
            st.session_state.pop(_AFTER, None)
            st.rerun()
        if found.after is not None and st.button(_("The next ones"), key="cases_next"):
            st.session_state[_AFTER] = found.after
            st.rerun()
