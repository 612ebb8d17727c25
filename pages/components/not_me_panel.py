"""“That wasn't me” on what staff did in a case: one press, a short confirmation, and it stops."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Final

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
    from uuid import UUID

    from pages.components.history_view import DayView, LineView
    from services.actor import Actor

_ASKED: Final = "jk_not_me"
"""The button that was pressed, and the case that it stops: lines move as new ones come."""

_LINE_AND_BUTTON: Final = (3, 1.2)
"""How wide a line is beside its button."""


def _may(actor: Actor) -> bool:
    """Return whether the member, or a guardian, looks; staff in a case see no such button."""
    return actor.kind is ActorKind.SELF


def days(actor: Actor, shown: Sequence[DayView], child: str | None) -> bool:
    """Draw the days line by line, each of the staff's with its button; False: there is none.

    Whichever line of a case it is said on, it stops all of the case.
    """
    if not _may(actor) or not any(line.case_id for day in shown for line in day.lines):
        return False
    keys: Counter[str] = Counter()
    for day in shown:
        draw("history_head.html", day=day, child=child, proofs=True)
        for deniable, lines in groupby(day.lines, lambda line: line.case_id is not None):
            if not deniable:
                draw("history_lines.html", lines=list(lines))
                continue
            for line in lines:
                keys[line.key] += 1
                _line(actor, line, f"not_me_{line.key}_{keys[line.key]}")
    draw("history_end.html")
    return True


def _line(actor: Actor, line: LineView, key: str) -> None:
    """Draw one line with its button, and what will happen where it was pressed."""
    # On a phone the button comes below its line.
    left, right = st.columns(_LINE_AND_BUTTON, gap="xsmall", vertical_alignment="center")
    with left:
        draw("history_lines.html", lines=[line])
    label = _("That wasn't me ({time})", time=line.time)
    if right.button(label, key=key, type="tertiary", icon=":material/front_hand:"):
        st.session_state[_ASKED] = (key, line.case_id)
        st.rerun()
    if st.session_state.get(_ASKED) == (key, line.case_id) and line.case_id is not None:
        _asked(actor, line.case_id, line.case_no)


def _asked(actor: Actor, case_id: UUID, case_no: str) -> None:
    """Say what will happen, and do it when it is confirmed."""
    draw("not_me.html", days=law().reports.days, case_no=case_no)
    with st.container(horizontal=True):
        if st.button(_("Yes, stop it: that wasn't me"), type="primary", key="not_me_yes"):
            st.session_state.pop(_ASKED, None)
            _stop(actor, case_id)
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
