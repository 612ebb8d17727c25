"""Reporting and asking on `/contact`, signed in or not, and following it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db import clock
from db.errors import PortalError
from db.words import ActorKind, ReportKind
from pages.components import gate, report_view, said
from pages.components.fragment import draw
from pages.components.text import _, language
from services import certificate, report_lookup, report_pace, report_words, reports
from services.house import house
from services.reports import ReportRefused, Wish

if TYPE_CHECKING:
    from services.actor import Actor
    from services.certificate import Certificate
    from services.reports import Report

_ROUND: Final = "jk_report_round"
_NEW: Final = "jk_report_new"
_OPENED: Final = "jk_report_opened"
"""Number and secret of the report that this tab has opened; gone with the tab."""


def panel() -> None:
    """Draw what was just sent, the form, and what was reported before."""
    actor = _member()
    said.show()
    if made := st.session_state.pop(_NEW, None):
        draw("report_made.html", made=made)
    _form(actor)
    if actor is None:
        _by_number()
    else:
        _mine(actor)


def _member() -> Actor | None:
    """Return the member who is signed in; staff report as anybody would."""
    actor = gate.here().actor
    return actor if actor is not None and actor.kind is ActorKind.SELF else None


def _round() -> int:
    return int(st.session_state.get(_ROUND) or 0)


def _form(actor: Actor | None) -> None:
    """Draw the form: what it is, until when it is answered and kept, is said before it is sent."""
    draw("report_form.html", signed_in=actor is not None, **report_view.rules(clock.now()))
    with st.form(f"report_{_round()}"):
        kind = st.radio(
            _("What is it?"), list(report_words.ASKED),
            format_func=lambda k: _(report_words.KINDS[k]),
        )  # fmt: skip
        text = st.text_area(_("What happened, or what do you want to know?"), height=160,
                            max_chars=reports.LONGEST)  # fmt: skip
        contact = "" if actor else st.text_input(
            _("E-mail address or telephone number, if you want to be written to (optional)"),
            max_chars=reports.CONTACT, autocomplete="email",
        )  # fmt: skip
        sent = st.form_submit_button(_("Send"), type="primary")
    if sent:
        _send(actor, Wish(ReportKind(kind or ReportKind.QUESTION), text, contact))


def _send(actor: Actor | None, wish: Wish) -> None:
    """Send it, or say why not: what was typed stays."""
    now = clock.now()
    try:
        reports.checked(wish)
        _count(actor)
        with house().databases.data.begin() as connection:
            made = reports.make(connection, actor, wish, language(), now)
    except PortalError as error:
        draw("problem.html", text=_(error.message, **error.params))
        return
    st.session_state[_ROUND] = _round() + 1
    st.session_state[_NEW] = made
    if made.secret:
        st.session_state[_OPENED] = made
    st.rerun()


def _count(actor: Actor | None) -> None:
    now, ring = clock.now(), house().keyring
    with house().databases.keys.begin() as keys:
        if actor is not None:
            report_pace.count_member(keys, ring, actor.person, now)
        else:
            browser = gate.browser_token() or ""
            report_pace.count(keys, ring, browser, st.context.ip_address, now)


def _mine(actor: Actor) -> None:
    """Draw a member's own reports, the open ones with their threads."""
    with house().databases.data.begin() as connection:
        found = reports.mine(connection, actor)
    if not found:
        return
    draw("report_mine.html", count=len(found))
    by_number = {one.number: one for one in found}
    chosen = st.selectbox(
        _("Which one?"), list(by_number), key="jk_report_which",
        format_func=lambda n: report_view.line(by_number[n]),
    )  # fmt: skip
    if chosen in by_number:
        _thread(by_number[chosen], None)


def _by_number() -> None:
    """Draw the report that this tab has opened, or the form that opens one."""
    opened: Certificate | None = st.session_state.get(_OPENED)
    if opened is None:
        opened = _typed()
    if opened is None:
        return
    with house().databases.data.begin() as connection:
        found = reports.by_number(connection, opened)
    if found is None:
        st.session_state.pop(_OPENED, None)
        draw("problem.html", text=_("This report was destroyed after the time it is kept."))
        return
    _thread(found, opened.secret)


def _typed() -> Certificate | None:
    draw("report_open.html")
    with st.form("report_open"):
        number = st.text_input(_("Number of the report"), placeholder="ABCDE-12345")
        secret = st.text_input(_("Secret of the report"), type="password")
        asked = st.form_submit_button(_("Show the report"))
    if not asked:
        return None
    given = certificate.typed(number, secret)
    try:
        report_lookup.look_up(house(), given, clock.now())
    except PortalError as error:
        draw("problem.html", text=_(error.message, **error.params))
        return None
    st.session_state[_OPENED] = given
    return given


def _thread(one: Report, secret: str | None) -> None:
    """Draw a report with its thread, and the form of a further line while it is open."""
    with house().databases.data.begin() as connection:
        whole = reports.whole(connection, one, secret=secret)
    draw("report_thread.html", **report_view.thread(whole))
    if not one.open:
        return
    with st.form(f"report_add_{one.number}_{len(whole.lines)}"):
        typed = st.text_area(_("Add something"), height=110, max_chars=reports.LONGEST)
        if st.form_submit_button(_("Send")):
            _add(whole, secret, typed)


def _add(one: Report, secret: str | None, typed: str) -> None:
    try:
        _count(_member())
        with house().databases.data.begin() as connection:
            reports.add(connection, one, secret, typed, clock.now())
    except (ReportRefused, report_pace.TooMany) as refused:
        draw("problem.html", text=_(refused.message, **refused.params))
        return
    said.say(_("It is added to your report."))
