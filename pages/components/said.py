"""What just happened, said once on the next run: an action ends its run and starts another."""

from __future__ import annotations

from typing import Final

import streamlit as st

from pages.components.fragment import draw

_SAID: Final = "jk_said"


def say(text: str) -> None:
    """Keep a sentence for the next run and start it. Nothing personal but the tab's own."""
    st.session_state[_SAID] = text
    st.rerun()


def keep(text: str) -> None:
    """Keep a sentence for the page of this run, which it is drawn on."""
    st.session_state[_SAID] = text


def show() -> bool:
    """Draw what was kept, if anything; return whether there was something."""
    text = st.session_state.pop(_SAID, None)
    if text:
        draw("said.html", text=text)
    return text is not None
