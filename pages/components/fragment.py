"""Draw a piece of a page from a template.

A page is few pieces: every Streamlit element costs a message and a place in the browser. Values are
escaped by the template engine, and Streamlit cleans the result once more in the browser.
"""

import re
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import streamlit as st
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pages.components import acting
from pages.components.text import _, _n, language
from services.language import Language, format_date, format_datetime

TEMPLATES: Final = Path(__file__).parent / "templates"
_DATE: Final = re.compile(r"\. (?=\d{1,2}[.:])")
"""Within a date as we write it, which on a phone must not break in two; quickly found."""
_AFTER_DATE: Final = re.compile(r"(?<=\d\.)(?=[까부에])")
"""Between a date and the ending of its word: 까지, 부터, 에."""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # a look at the file for every piece drawn
    )
    environment.globals.update(_=_, _n=_n, language=language, date=format_date,
                               to=acting.link)  # fmt: skip
    environment.filters.update(date=format_date, moment=format_datetime)
    return environment


@dataclass(frozen=True)
class _Html:
    """What Streamlit draws as it is. A string it would first search for indentation to remove."""

    text: str

    def _repr_html_(self) -> str:
        return self.text


def compile_all() -> None:
    """Read and compile every template, so that nobody's first page waits for it."""
    for name in _environment().list_templates(extensions=["html"]):
        _environment().get_template(name)
    _sheet()


def render(template: str, **values: object) -> str:
    """Return the template's HTML, marked with its language for screen readers."""
    body = _DATE.sub(".&nbsp;", _environment().get_template(template).render(values))
    if language() == "ko":
        body = _AFTER_DATE.sub("&#8288;", body)
    return f'<div class="jk" lang="{language()}">{body}</div>'


def piece(template: str, **values: object) -> Markup:
    """Return a part of a fragment that `render` will put in as it is, kept for many runs."""
    return Markup(_environment().get_template(template).render(values))  # noqa: S704 (escaped)


def draw(template: str, **values: object) -> None:
    """Draw `templates/<template>` as one element; `values` must hold every name it uses.

    :raises jinja2.UndefinedError: the template uses a name that wasn't given.
    """
    st.html(_Html(render(template, **values)))


def draw_common(template: str, **values: Hashable) -> None:
    """Draw what is nobody's own, with values of which there are few: rendered once for each.

    Not while acting for a child: its word, one session's, would stand in every link (`to`).
    """
    if acting.kept():
        draw(template, **values)
        return
    st.html(_common(template, language(), tuple(values.items())))


@lru_cache(maxsize=1024)
def _common(template: str, _language: Language, values: tuple[tuple[str, Hashable], ...]) -> _Html:
    return _Html(render(template, **dict(values)))


@cache
def _sheet() -> _Html:
    sheets = sorted(TEMPLATES.glob("*.css"))
    return _Html(f"<style>{''.join(s.read_text(encoding='utf-8') for s in sheets)}</style>")


def style() -> None:
    """Draw the style sheet that all fragments share; once per page, before the first fragment."""
    st.html(_sheet())
