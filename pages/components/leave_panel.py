"""Shows what leaving would do, asks once, and watches until the worker has done it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db import policy
from db.words import Purpose
from pages.components import gate, leave_view, sign_in_panel
from pages.components.fragment import draw
from pages.components.gate import CERTIFICATES
from pages.components.text import _, language
from services import access, certificate, leaving
from services.actor import Permission
from services.holding_back import LOOKED_AT
from services.house import house
from services.ledger import EventName

if TYPE_CHECKING:
    from uuid import UUID

    from services.actor import Actor
    from services.certificate import Certificate
    from services.leaving import Preview

_RESUME: Final = "jk_resume"
_CHILD: Final = "jk_child_"
_WAITING: Final = "jk_leaving"
_STAYS, _LEAVES = "stays", "leaves"
_LOOK: Final = access.Look(EventName.LEAVING_VIEWED, Permission.ACCOUNT_LEAVE, "/leave")
_ASK: Final = access.Look(EventName.LEAVING_ASKED, Permission.ACCOUNT_LEAVE, "/leave", folds=False)


def panel(actor: Actor) -> None:
    """Draw the page: under way, or what would happen and the one button."""
    if st.session_state.get(_WAITING):
        _under_way()
        return
    for child in (st.session_state.pop(_RESUME, None) or {}).get("leaving_too", []):
        st.session_state[f"{_CHILD}{child}"] = _LEAVES
    with access.open(actor, actor.subject_id, Purpose.SHOW, look=_LOOK) as subject:
        found = leaving.preview(subject)
    rules = policy.in_force(found.day)
    draw("leave.html", **leave_view.view(language(), rules, found), found=found,
         child=actor.for_child, asleep=gate.here().asleep)  # fmt: skip
    if found.under_way:
        draw("said.html", text=_("This is under way already, in another tab."))
        return
    if found.disputed:
        draw("said.html", text=_(LOOKED_AT))
        return
    _instead()
    too = _children(found)
    _confirm(actor, found, too)


def _instead() -> None:
    """Offer what some people really want, one click away; no plea to stay."""
    with st.container(horizontal=True):
        if st.button(_("Take my data first"), key="export", icon=":material/download:"):
            st.switch_page("member/export.py")
        if not gate.here().asleep and st.button(
            _("Only turn advertising off"), key="ads", icon=":material/notifications_off:"
        ):
            st.switch_page("member/consents.py")


def _children(found: Preview) -> list[int]:
    """Draw a choice for each child; return the numbers of those who leave, too."""
    if not found.wards:
        return []
    draw("leave_children.html")
    names = {_STAYS: _("The child's data stays"), _LEAVES: _("The child leaves, too")}
    too = []
    for number, ward in enumerate(found.wards, start=1):
        alone = _("Without another guardian nobody can see or use it until one is linked.")
        others = _("Another guardian goes on looking after it.")
        chosen = st.radio(
            _("Child {n}", n=number), list(names), format_func=names.__getitem__,
            key=f"{_CHILD}{number}", captions=[others if ward.others else alone, ""],
        )  # fmt: skip
        if chosen == _LEAVES:
            too.append(number)
    return too


def _confirm(actor: Actor, found: Preview, too: list[int]) -> None:
    """Draw the one confirmation; it needs a fresh verification, which is asked for before."""
    if not actor.verified:
        draw("leave_verify.html")
        if st.button(_("Confirm that it is me"), type="primary", key="verify"):
            sign_in_panel.ask_verification({"leaving_too": too})
        return
    if st.button(_("Leave now"), type="primary", key="leave", icon=":material/logout:"):
        _leave(actor, [found.wards[number - 1].member_id for number in too])


def _leave(actor: Actor, children: list[UUID]) -> None:
    made = [_ask(actor, who) for who in (*children, actor.subject_id)]
    st.session_state[CERTIFICATES], st.session_state[_WAITING] = made, True
    st.rerun()


def _ask(actor: Actor, who: UUID) -> Certificate:
    made = certificate.new()
    with access.open(actor, who, Purpose.SHOW, look=_ASK) as subject:
        leaving.ask(subject, made)
    return made


def _under_way() -> None:
    draw("leaving.html")
    for given in st.session_state[CERTIFICATES]:
        draw("certificate.html", given=given, done=False)
    st.fragment(_watch, run_every=1)()


def _watch() -> None:
    """Go on to the status page as soon as the worker has done it all."""
    given: list[Certificate] = st.session_state.get(CERTIFICATES, [])
    with house().databases.data.connect() as connection:
        waits = [one for one in given if certificate.status(connection, one) is None]
    if not waits:
        st.session_state.pop(_WAITING, None)
        gate.act_for(None)
        st.switch_page("public/status.py")
