"""“That wasn't me” on what staff did in a case: one press, a short confirmation, and it stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

import streamlit as st

from db.errors import PortalError
from db.law import law
from db.words import ActorKind, Purpose
from pages.components import said
from pages.components.fragment import draw
from pages.components.text import _
from services import access, not_me
from services.language import format_date

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pages.components.history_view import DayView, LineView
    from services.actor import Actor

_ASKED: Final = "jk_not_me"


def _may(actor: Actor) -> bool:
    """Return whether the member, or a guardian, looks; staff in a case see no such button."""
    return actor.kind is ActorKind.SELF


def days(actor: Actor, shown: Sequence[DayView], child: str | None) -> bool:
    """Draw the days one by one, each with its buttons; return False where there is none to draw.

    A case has one button a day, however many of its lines there are: it stops all of them.
    """
    if not _may(actor) or not any(line.case_id for day in shown for line in day.lines):
        return False
    for day in shown:
        draw("history_day.html", day=day, child=child, proofs=True)
        if found := {line.case_id: line for line in day.lines if line.case_id}:
            with st.container(horizontal=True):
                for number, line in enumerate(found.values()):
                    _button(line, f"not_me_{day.iso}_{number}")
    draw("history_end.html")
    return True


def _button(line: LineView, key: str) -> None:
    if line.case_no:
        label = _(
            "Case {no}, staff {number}: that wasn't me", no=line.case_no, number=line.staff_no
        )
    else:
        label = _("{time}, staff {number}: that wasn't me", time=line.time, number=line.staff_no)
    if st.button(label, key=key, icon=":material/front_hand:"):
        st.session_state[_ASKED] = str(line.case_id)
        st.rerun()


def asked(actor: Actor) -> None:
    """Say what will happen, and do it when it is confirmed."""
    case_id = st.session_state.get(_ASKED)
    if case_id is None or not _may(actor):
        return
    draw("not_me.html", days=law().reports.days)
    with st.container(horizontal=True):
        if st.button(_("Yes, stop it: that wasn't me"), type="primary", key="not_me_yes"):
            st.session_state.pop(_ASKED, None)
            _stop(actor, UUID(case_id))
        if st.button(_("No, I asked for it"), key="not_me_no"):
            st.session_state.pop(_ASKED, None)
            st.rerun()


def _stop(actor: Actor, case_id: UUID) -> None:
    words = _("I did not ask for what was done in this case.")
    try:
        with access.open(actor, actor.subject_id, Purpose.SHOW, look=not_me.LOOK) as subject:
            done = not_me.stop(subject, case_id, words)
    except PortalError as error:
        draw("problem.html", text=_(error.message, **error.params))
        return
    day = format_date(done.due_on)
    if done.number is None:
        said.say(_("It is stopped. The privacy officer knows already and answers under “Contact”."))
    said.say(
        _("It is stopped: staff can do nothing more in this case. The privacy officer looks into "
          "it and answers by {day} under “Contact”, number {number}.",
          day=day, number=done.number)
    )  # fmt: skip
