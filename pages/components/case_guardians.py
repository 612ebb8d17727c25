"""Which guardian of a child is calling: their numbers, masked, and the choice of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from pages.components import case_view, said
from pages.components.fragment import draw
from pages.components.text import _
from services import callers, case_going_on
from services.house import house

if TYPE_CHECKING:
    from uuid import UUID

    from services.actor import Actor
    from services.callers import Guardian
    from services.cases import Case

_KNOWN: Final = "jk_callers_guardians"
"""What this tab has shown of a child's guardians: a run for every widget is no new look."""


def known(actor: Actor, child: UUID) -> tuple[Guardian, ...]:
    """Draw who may act for the child, and return them."""
    of, found = st.session_state.get(_KNOWN, (None, ()))
    if of != child:
        found = callers.guardians(actor, child)
        st.session_state[_KNOWN] = (child, found)
    if found:
        draw("case_guardians.html", people=[
            {"number": one.number, "values": case_view.person(one.values)} for one in found
        ])  # fmt: skip
    return tuple(found)


def choice(found: tuple[Guardian, ...], key: str) -> UUID | None:
    """Return which of them calls: of several nobody until staff have said so."""
    numbered = {one.number: one for one in found}
    if len(numbered) < 2:  # noqa: PLR2004 (of one it is clear)
        return next((one.guardian_id for one in found), None)
    number = st.radio(
        _("Which guardian is calling?"), list(numbered), index=None, key=key, horizontal=True,
        format_func=lambda n: _("Guardian no. {n}", n=n),
    )  # fmt: skip
    return numbered[number].guardian_id if number is not None else None


def forget() -> None:
    """Forget who was shown: somebody else is looked up, or the case is open."""
    st.session_state.pop(_KNOWN, None)


def panel(actor: Actor, case: Case) -> None:
    """Let staff say which guardian an older case is for: it was opened before that was asked."""
    draw("case_nameless.html")
    found = known(actor, case.member_id)
    if not found:
        draw("problem.html", text=_("No guardian may act for this child today."))
        return
    with st.form(f"case_guardians_{case.no}", border=True):
        who = choice(found, f"case_guardian_{case.no}")
        sent = st.form_submit_button(_("It is this guardian"), type="primary")
    if not sent:
        return
    if who is None:
        draw("problem.html", text=_("Please say first which guardian is calling."))
        return
    with house().databases.data.begin() as connection:
        case_going_on.bind(connection, actor, case, who)
    forget()
    said.say(_("Noted. Now make sure that it is them who is calling."))
