"""Whether values are shown in full on this page, and the button that asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from pages.components import sign_in_panel
from pages.components.text import _

if TYPE_CHECKING:
    from services.actor import Actor

_WANTED: Final = "jk_plain"
_RESUME: Final = "jk_resume"


def wanted(actor: Actor) -> bool:
    """Return whether this tab asked for full values and the verification is still fresh."""
    if (st.session_state.pop(_RESUME, None) or {}).get("plain"):
        st.session_state[_WANTED] = True
    if st.session_state.get(_WANTED) and not actor.verified:
        st.session_state[_WANTED] = False
    return bool(st.session_state.get(_WANTED))


def _set(value: bool) -> None:  # noqa: FBT001 (a widget's callback takes positions)
    st.session_state[_WANTED] = value


def button(actor: Actor, *, plain: bool) -> None:
    """Draw the switch: hide again, show (verified), or verify first and come back here."""
    if plain:
        st.button(
            _("Hide again"),
            key="hide",
            on_click=_set,
            args=(False,),
            icon=":material/visibility_off:",
        )
    elif actor.verified:
        st.button(_("Show in full"), key="show", type="primary", on_click=_set, args=(True,),
                  icon=":material/visibility:")  # fmt: skip
    elif st.button(_("Confirm that it is me, then show in full"), key="show", type="primary",
                   icon=":material/lock_open:"):  # fmt: skip
        sign_in_panel.ask_verification({"plain": True})
