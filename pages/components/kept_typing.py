"""Keeps what staff typed when the half hour of their case ends under their hands.

The run that finds the case over draws no form, and Streamlit forgets what a form that isn't drawn
held. It stays in this tab alone, for the case and the page it was typed in.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import streamlit as st

from pages.components.carried import FORM

if TYPE_CHECKING:
    from uuid import UUID

_KEPT: Final = "jk_call_typed"


def _typed() -> dict[str, object]:
    """Return what the fields of the page's forms hold: texts and days, never a button."""
    return {
        str(key): value
        for key, value in st.session_state.items()
        if str(key).startswith(FORM) and isinstance(value, str | date)
    }


def keep(case_id: UUID, path: str) -> None:
    """Note what the fields hold. What a first run kept counts before what later ones make up."""
    where = (case_id, path)
    whose, kept = st.session_state.get(_KEPT) or (where, {})
    typed = _typed() | kept if whose == where else _typed()
    st.session_state[_KEPT] = (where, typed)


def restore(case_id: UUID, path: str) -> None:
    """Fill the fields of this page again, before they are drawn; once."""
    whose, kept = st.session_state.pop(_KEPT, None) or (None, {})
    if whose == (case_id, path):
        for key, value in kept.items():
            st.session_state[key] = value
