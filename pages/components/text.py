"""Words on the screen, in the language this browser has chosen."""

from typing import Final

import streamlit as st

from services.language import DEFAULT, Language, plural, translate

COOKIE: Final = "portal_language"


def language() -> Language:
    """Return the language of this browser: its cookie, or Korean."""
    chosen = st.context.cookies.get(COOKIE)
    return "en" if chosen == "en" else "ko" if chosen == "ko" else DEFAULT


def _(message: str, /, **params: object) -> str:
    """Return `message` in this browser's language, its `{named}` params filled in."""
    return translate(language(), message, **params)


def _n(one: str, many: str, n: int, /, **params: object) -> str:
    """Return the sentence for `n` things in this browser's language."""
    return plural(language(), one, many, n, **params)
