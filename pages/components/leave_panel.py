"""Shows what leaving would do, asks once, and watches until the worker has done it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from db import policy
from db.errors import PortalError
from db.words import N_, Purpose
from pages.components import acting, gate, leave_view, sign_in_panel, ward_name
from pages.components.acting import CERTIFICATES
from pages.components.fragment import draw
from pages.components.text import _, language
from services import access, certificate, child_link, leaving
from services.actor import AccessDenied, Permission
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
_SHOWN: Final = "jk_leave_children"
_PROBLEM: Final = "jk_leave_problem"
_STAYS, _LEAVES = "stays", "leaves"
_LOOK: Final = access.Look(EventName.LEAVING_VIEWED, Permission.ACCOUNT_LEAVE, "/leave")
_ASK: Final = access.Look(EventName.LEAVING_ASKED, Permission.ACCOUNT_LEAVE, "/leave", folds=False)
_CHANGED: Final = N_(
    "The children whom you act for are not the same as before. Nothing was done. Please look at "
    "your choices once more."
)


def panel(actor: Actor) -> None:
    """Draw the page: under way, or what would happen and the one button."""
    if st.session_state.get(_WAITING):
        _under_way()
        return
    _take_up(actor, st.session_state.pop(_RESUME, None) or {})
    with access.open(actor, actor.subject_id, Purpose.SHOW, look=_LOOK) as subject:
        found = leaving.preview(subject)
    rules = policy.in_force(found.day)
    draw("leave.html", **leave_view.view(language(), rules, found), found=found,
         child=actor.for_child, asleep=gate.here().asleep and not actor.for_child)  # fmt: skip
    if found.under_way:
        draw("said.html", text=_("This is under way already, in another tab."))
        return
    if found.disputed:
        draw("said.html", text=_(LOOKED_AT))
        return
    _instead(actor)
    changed = _changed(actor, found)
    too = _children(actor, found)
    if changed:
        draw("problem.html", text=_(_CHANGED))
    _confirm(actor, found, too, changed=changed)


def _take_up(actor: Actor, resumed: dict[str, Any]) -> None:
    """Choose again what was chosen before a verification, each child by its token."""
    if "leaving_too" not in resumed:
        return
    for child in resumed["leaving_too"]:
        st.session_state[f"{_CHILD}{child}"] = _LEAVES
    st.session_state[_SHOWN] = actor.subject_id, set(resumed.get("leaving_of", []))


def _changed(actor: Actor, found: Preview) -> bool:
    """Return whether there are other children than when the choices were drawn last."""
    now = actor.subject_id, {child_link.token(actor, one.member_id) for one in found.wards}
    before = st.session_state.get(_SHOWN, now)
    st.session_state[_SHOWN] = now
    return bool(before[0] == now[0] and before[1] != now[1])


def _instead(actor: Actor) -> None:
    """Offer what some people really want, one click away; no plea to stay."""
    with st.container(horizontal=True):
        take = _("Take the child's data first") if actor.for_child else _("Take my data first")
        if st.button(take, key="export", icon=":material/download:"):
            acting.go("member/export.py")
        if not gate.here().asleep and st.button(
            _("Only turn advertising off"), key="ads", icon=":material/notifications_off:"
        ):
            acting.go("member/consents.py")


def _children(actor: Actor, found: Preview) -> list[UUID]:
    """Draw a choice for each child; return those who leave, too."""
    if not found.wards:
        return []
    draw("leave_children.html")
    names = {_STAYS: _("The child's data stays"), _LEAVES: _("The child leaves, too")}
    alone = _("Without another guardian nobody can see or use it until one is linked.")
    others = _("Another guardian goes on looking after it.")
    too = []
    for number, ward in enumerate(found.wards, start=1):
        # By its token, never by its place: children come and go while the page is open.
        chosen = st.radio(
            _name(actor, number, ward.member_id), list(names), format_func=names.__getitem__,
            key=f"{_CHILD}{child_link.token(actor, ward.member_id)}",
            captions=[others if ward.others else alone, ""],
        )  # fmt: skip
        if chosen == _LEAVES:
            too.append(ward.member_id)
    return too


def _name(actor: Actor, number: int, child: UUID) -> str:
    try:
        nickname = ward_name.of(actor, child)
    except AccessDenied:  # ended this very moment
        nickname = None
    title = _("Child {n}", n=number)
    return f"{title} · {nickname}" if nickname else title


def _confirm(actor: Actor, found: Preview, too: list[UUID], *, changed: bool) -> None:
    """Draw the one confirmation; it needs a fresh verification, which is asked for before.

    `changed`: what was clicked was meant for other children, and does nothing.
    """
    if not actor.verified:
        draw("leave_verify.html", child=actor.for_child)
        if st.button(_("Confirm that it is me"), type="primary", key="verify") and not changed:
            chosen = [child_link.token(actor, one) for one in too]
            of = [child_link.token(actor, one.member_id) for one in found.wards]
            sign_in_panel.ask_verification({"leaving_too": chosen, "leaving_of": of})
        return
    clicked = st.button(
        _("Leave now"), type="primary", key=acting.keyed("leave"), icon=":material/logout:"
    )
    if clicked and not changed:
        _leave(actor, too)


def _leave(actor: Actor, children: list[UUID]) -> None:
    """Ask for all, after none of them is found to be held back."""
    everybody = (*children, actor.subject_id)
    for who in everybody:
        try:
            _ready(actor, who)
        except AccessDenied:
            if who == actor.subject_id:
                raise
            draw("problem.html", text=_(_CHANGED))
            return
    made: list[Certificate] = []
    try:
        for who in everybody:
            made.append(_ask(actor, who))
            # Each is asked for by now, whatever comes of the next: its certificate is shown.
            st.session_state[CERTIFICATES], st.session_state[_WAITING] = made, True
    except PortalError as error:
        if not made:
            raise
        st.session_state[_PROBLEM] = _(error.message, **error.params)
    st.rerun()


def _ready(actor: Actor, who: UUID) -> None:
    with access.open(actor, who, Purpose.SHOW, look=_LOOK) as subject:
        leaving.ready(subject)


def _ask(actor: Actor, who: UUID) -> Certificate:
    made = certificate.new()
    with access.open(actor, who, Purpose.SHOW, look=_ASK) as subject:
        leaving.ask(subject, made)
    return made


def _under_way() -> None:
    if problem := st.session_state.get(_PROBLEM):
        draw("problem.html", text=problem)
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
        for key in (_WAITING, _PROBLEM, _SHOWN):
            st.session_state.pop(key, None)
        acting.act_for_self()
        st.switch_page("public/status.py")
