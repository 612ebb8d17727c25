"""Fills the mail that tells a company of a change: in both languages, and without any value."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from db.words import N_
from services import company_words, messages
from services.language import translate
from services.message_blocks import blocks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from db.words import Change

_TEMPLATES: Final = Path(__file__).parent / "templates/companies"
SUBJECT: Final = N_("A change of personal data: please confirm")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader([_TEMPLATES, messages.TEMPLATES]),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def fill(
    change: Change, items: Iterable[str], names: tuple[str, str], link: str, address: str
) -> tuple[str, str, str]:
    """Return subject, text and HTML. `names`: the company, and what it calls the member."""
    listed = tuple(items)
    given = {
        "company": " ".join(names[0].split()), "reference": names[1], "link": link,
        "ko": company_words.said(change, listed, "ko"),
        "en": company_words.said(change, listed, "en"),
    }  # fmt: skip
    text = _environment().get_template("notice.txt").render(given).strip() + "\n"
    html = _environment().get_template("notice.html").render(
        blocks=blocks(text, f"{address}/"),
        language="ko", brand=translate("ko", N_("Jikim")), title=translate("ko", SUBJECT),
    )  # fmt: skip
    subject = f"[{translate('ko', N_('Jikim'))}] {translate('ko', SUBJECT)} / {SUBJECT}"
    return subject, text, html
