"""Keeps what staff typed when the half hour of their case ends under their hands.

The run that finds the case over draws no form, and Streamlit forgets what a form that isn't drawn
held. It stays in this tab alone, for the page it was typed on.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import streamlit as st

from pages.components.carried import FORM

_KEPT: Final = "jk_typed"


def _typed() -> dict[str, object]:
    """Return what the fields of the page's forms hold: texts and days, never a button."""
    return {
        str(key): value
        for key, value in st.session_state.items()
        if str(key).startswith(FORM) and isinstance(value, str | date)
    }


def keep(path: str) -> None:
    """Note what the fields hold. What a first run kept counts before what later ones make up."""
    whose, kept = st.session_state.get(_KEPT) or (path, {})
    typed = _typed() | kept if whose == path else _typed()
    st.session_state[_KEPT] = (path, typed)


def restore(path: str) -> None:
    """Fill the fields of this page again, before they are drawn; once."""
    whose, kept = st.session_state.pop(_KEPT, None) or (None, {})
    if whose == path:
        for key, value in kept.items():
            st.session_state[key] = value
