"""Keeps what is typed into a form through a verification: widgets forget it when not drawn.

A form's text widgets have keys that begin with `FORM`. `sign_in_panel` keeps and sends them along;
the page calls `restore` before it draws them. Files can't be carried and are chosen again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from services import carried

if TYPE_CHECKING:
    from services.actor import Actor

FORM: Final = "jk_form_"
_KEPT: Final = "jk_carried"


def keep() -> None:
    """Note what this run's forms hold; later runs, without the form, still have it."""
    held = {str(k): v for k, v in st.session_state.items() if str(k).startswith(FORM)}
    typed = {key: value for key, value in held.items() if isinstance(value, str) and value}
    if typed:
        # What the run that was stopped held counts before what a run without the form makes up.
        st.session_state[_KEPT] = typed | st.session_state.get(_KEPT, {})


def sealed(actor: Actor) -> dict[str, str]:
    """Return what goes along with a request for a verification, if there is anything."""
    text = carried.seal(actor, st.session_state.get(_KEPT) or {})
    return {"carried": text} if text else {}


def restore(actor: Actor) -> None:
    """Fill the forms again after a verification, in this tab or by way of the sign-in."""
    typed = st.session_state.pop(_KEPT, None) or {}
    text = (st.session_state.get("jk_resume") or {}).get("carried")
    if text:
        st.session_state.pop("jk_resume")
        typed = carried.open_again(actor, text)
    for key, value in typed.items():
        if key.startswith(FORM):
            st.session_state[key] = value
