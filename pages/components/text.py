"""Words on the screen, in the language this browser has chosen."""

from threading import local

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.http.names import LANGUAGE_COOKIE, language_in
from services.language import Language, plural, translate

COOKIE = LANGUAGE_COOKIE
_run = local()
"""The language of the run that this thread is doing: a page asks for it a hundred times."""


def begin() -> None:
    """Ask the browser anew from here on, in which language this run is shown."""
    _run.language = None


def language() -> Language:
    """Return the language of this browser: its cookie, or Korean."""
    known: Language | None = getattr(_run, "language", None)
    if known is None:
        known = _chosen()
        if get_script_run_ctx(suppress_warning=True) is not None:
            _run.language = known
    return known


def _chosen() -> Language:
    return language_in(st.context.cookies)


def _(message: str, /, **params: object) -> str:
    """Return `message` in this browser's language, its `{named}` params filled in."""
    return translate(language(), message, **params)


def _n(one: str, many: str, n: int, /, **params: object) -> str:
    """Return the sentence for `n` things in this browser's language."""
    return plural(language(), one, many, n, **params)
