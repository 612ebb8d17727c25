"""The desk's list of open reports, those due first, and the answer to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import seoul_day
from db.words import N_, ReportOutcome
from pages.components import report_view, said
from pages.components.fragment import draw
from pages.components.text import _
from services import report_desk, report_words, reports
from services.house import house
from services.report_desk import PAGE_ROWS, ReportGone
from services.reports import ReportRefused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from services.actor import Actor
    from services.report_desk import CaseOf
    from services.reports import Report

OPENED: Final = "jk_report_open"
_PLACES: Final = "jk_report_places"
"""Where the pages before this one end: a place in the list, not a number of rows."""
_DEEDS: Final = {
    "close": N_("Answer, and close it"),
    "ask": N_("Ask back"),
    "answer": N_("Answer, and more follows"),
}


def place() -> tuple[date, UUID] | None:
    """Return after which report this tab's page begins."""
    places = st.session_state.get(_PLACES) or []
    return places[-1] if places else None


def panel(actor: Actor, count: tuple[int, int], rows: Sequence[Report]) -> None:
    """Draw the list, the choice of one, and the ways to the pages beside."""
    shown, today = rows[:PAGE_ROWS], seoul_day(actor.at)
    draw("desk_reports.html", count=count[0], late=count[1],
         rows=[_row(one, today) for one in shown])  # fmt: skip
    places = list(st.session_state.get(_PLACES) or [])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if shown:
            by_id = {one.report_id: one for one in shown}
            which = st.selectbox(
                _("Which one?"), list(by_id), key=f"jk_report_{len(places)}",
                format_func=lambda i: report_view.line(by_id[i]),
            )  # fmt: skip
            if st.button(_("Open it"), type="primary", key="open_report"):
                st.session_state[OPENED] = which
                st.rerun()
        if places and st.button(_("Back to those before"), key="reports_back"):
            st.session_state[_PLACES] = places[:-1]
            st.rerun()
        if len(rows) > PAGE_ROWS and st.button(_("Those after"), key="reports_on"):
            st.session_state[_PLACES] = [*places, (shown[-1].due_on, shown[-1].report_id)]
            st.rerun()


def _row(one: Report, today: date) -> dict[str, object]:
    return {
        "number": one.number,
        "kind": _(report_words.KINDS[one.kind]),
        "state": report_view.state(one),
        "received": one.received_at,
        "due": one.due_on,
        "left": report_view.left(one, today),
        "late": one.due_on < today,
    }


def one(actor: Actor, found: Report, case: CaseOf | None) -> None:
    """Draw a report, the case that it is about, its thread, and the form of an answer."""
    draw("desk_report_head.html")
    draw("report_thread.html", **report_view.thread(found))
    draw("desk_report.html", member=found.member_id is not None, contact=found.contact, case=case,
         nothing=_(report_words.OUTCOMES[ReportOutcome.NOTHING_FOUND]))  # fmt: skip
    deed = st.radio(
        _("What?"), list(_DEEDS), horizontal=True, key=f"jk_report_deed_{found.number}",
        format_func=lambda d: _(_DEEDS[d]),
    )  # fmt: skip
    with st.form(f"report_{found.number}_{len(found.lines)}"):
        typed = st.text_area(_("Answer"), height=160, max_chars=reports.LONGEST)
        outcome = None
        if deed == "close":
            outcome = st.radio(
                _("What came of it"), list(ReportOutcome), index=None,
                format_func=lambda o: _(report_words.OUTCOMES[o]),
            )  # fmt: skip
        sent = st.form_submit_button(_(_DEEDS[str(deed)]), type="primary")
    if sent:
        _do(actor, found, str(deed), typed, outcome)
    if st.button(_("Back to the list"), key="report_list"):
        st.session_state.pop(OPENED, None)
        st.rerun()


def _do(actor: Actor, found: Report, deed: str, typed: str, outcome: ReportOutcome | None) -> None:
    if deed == "close" and outcome is None:
        draw("problem.html", text=_("Please choose what came of it."))
        return
    try:
        with house().databases.data.begin() as connection:
            if outcome is not None:
                report_desk.close(connection, actor, found, typed, outcome)
            elif deed == "ask":
                report_desk.ask_back(connection, actor, found, typed)
            else:
                report_desk.answer(connection, actor, found, typed)
    except (ReportRefused, ReportGone) as refused:
        draw("problem.html", text=_(refused.message, **refused.params))
        return
    if deed != "answer":
        st.session_state.pop(OPENED, None)
    said.say(_("The answer is there, and who reported is told where they can be."))
