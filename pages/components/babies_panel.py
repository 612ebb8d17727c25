"""What a parent's own record holds about children, with a way to clear each value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import seoul_day
from db.declarations import ITEMS
from db.errors import PortalError
from db.words import Purpose
from pages.components import profile_view, said, sign_in_panel, ward_name
from pages.components.fragment import draw
from pages.components.text import _
from services import access, clearing
from services.actor import AccessDenied, Permission, StepUpRequired
from services.ledger import EventName

if TYPE_CHECKING:
    from services.actor import Actor
    from services.family import Family
    from services.profile import Held

_SURE: Final = "jk_family_sure"
_RESUME: Final = "jk_resume"


@dataclass(frozen=True)
class _One:
    """One value: which, and its words."""

    item: str
    seq: int
    text: str

    @property
    def label(self) -> str:
        """Return what it is, and what it says."""
        return f"{_(ITEMS[self.item].label)} · {ward_name.short(self.text)}"


def panel(actor: Actor, found: Family) -> None:
    """Draw each value with purpose and end, and the way to clear it."""
    if not found.babies:
        return
    _take_up(actor)
    draw("family_babies.html")
    several = {name for name, held in found.babies if len(held) > 1}
    today = seoul_day(actor.at)
    for name, held in found.babies:
        told = profile_view.told(name, today)
        ones = [_one(name, one) for one in held]
        draw("family_baby.html", label=_(ITEMS[name].label), told=told, values=ones)
        for one in ones:
            _clear(actor, one, alone=name not in several)


def _one(name: str, held: Held) -> _One:
    text, _form = (
        profile_view.broken() if held.text is None else profile_view.display(ITEMS[name], held.text)
    )
    return _One(name, held.seq, text)


def _take_up(actor: Actor) -> None:
    """After a verification, ask again about what was to be cleared."""
    asked = (st.session_state.get(_RESUME) or {}).get("clear")
    if asked and actor.verified:
        st.session_state.pop(_RESUME)
        st.session_state[_SURE] = (str(asked[0]), int(asked[1]))


def _set_sure(which: tuple[str, int] | None) -> None:
    st.session_state[_SURE] = which


def _clear(actor: Actor, one: _One, *, alone: bool) -> None:
    which, key = (one.item, one.seq), f"{one.item}_{one.seq}"
    if st.session_state.get(_SURE) != which:
        label = _("Clear: {what}", what=one.label)
        if st.button(label, key=f"clear_{key}", icon=":material/delete:"):
            if not actor.verified:
                sign_in_panel.ask_verification({"clear": list(which)})
                return
            _set_sure(which)
            st.rerun()
        return
    draw("edit_before.html", lines=_before(one.item, alone=alone))
    with st.container(horizontal=True):
        st.button(_("Leave it"), key=f"leave_{key}", on_click=_set_sure, args=(None,))
        if st.button(_("Yes, clear it"), key=f"sure_{key}", type="primary"):
            _do(actor, one)


def _before(item: str, *, alone: bool) -> list[str]:
    lines = [_("The value goes at once and can't be brought back. You need not give a reason.")]
    further = [name for name in clearing.follows((item,)) if name != item]
    if alone:
        lines.append(_("The consent to hold it ends with it."))
        if further:
            also = ", ".join(_(ITEMS[name].label) for name in further)
            lines.append(_("What was derived from it goes, too: {items}", items=also))
    return lines


def _do(actor: Actor, one: _One) -> None:
    look = access.Look(
        EventName.CORRECTION_VIEWED, Permission.PROFILE_CORRECT, "/family", (one.item,)
    )
    try:
        with access.open(actor, actor.person, Purpose.CORRECT, look=look) as subject:
            gone = clearing.clear(subject, (one.item,), one.seq)
    except (AccessDenied, StepUpRequired):
        raise
    except PortalError as error:
        draw("problem.html", text=_(error.message, **error.params))
        return
    _set_sure(None)
    named = ", ".join(_(ITEMS[name].label) for name in gone)
    said.say(
        _("Cleared: {items}. Nothing of it is held any more.", items=named)
        if gone
        else _("It was cleared already.")
    )
