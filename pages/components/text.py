"""Words on the screen, in the language this browser has chosen."""

from threading import local

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.http.names import LANGUAGE_COOKIE, language_in
from services.language import Language, plural, translate

COOKIE = LANGUAGE_COOKIE
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
    return language_in(st.context.cookies)


def _(message: str, /, **params: object) -> str:
    """Return `message` in this browser's language, its `{named}` params filled in."""
    return translate(language(), message, **params)


def _n(one: str, many: str, n: int, /, **params: object) -> str:
    """Return the sentence for `n` things in this browser's language."""
    return plural(language(), one, many, n, **params)
