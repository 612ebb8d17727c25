"""Words on the screen, in the language this browser has chosen."""

from threading import local
from typing import Final

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from services.language import DEFAULT, Language, plural, translate

COOKIE: Final = "portal_language"
_run = local()
"""The last run of this thread and its language: a page asks for it a hundred times."""


def language() -> Language:
    """Return the language of this browser: its cookie, or Korean."""
    context = get_script_run_ctx(suppress_warning=True)
    known = getattr(_run, "known", None)
    if context is None or known is None or known[0] is not context:
        known = _run.known = (context, _chosen())
    found: Language = known[1]
    return found


def _chosen() -> Language:
    chosen = st.context.cookies.get(COOKIE)
    return "en" if chosen == "en" else "ko" if chosen == "ko" else DEFAULT


def _(message: str, /, **params: object) -> str:
    """Return `message` in this browser's language, its `{named}` params filled in."""
    return translate(language(), message, **params)


def _n(one: str, many: str, n: int, /, **params: object) -> str:
    """Return the sentence for `n` things in this browser's language."""
    return plural(language(), one, many, n, **params)
