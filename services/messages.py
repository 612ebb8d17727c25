"""Fills the texts of mails and text messages, which stand in `templates/messages/`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from db.words import N_, Purpose
from services.language import translate

if TYPE_CHECKING:
    from services.language import Language

TEMPLATES: Final = Path(__file__).parent / "templates/messages"
SUBJECTS: Final = {
    "password_link": N_("Set your password"),
    "password_code": N_("Your code"),
    "password_changed": N_("Your password was changed"),
    "new_device": N_("A new browser signed in"),
}
"""Every message there is, with the subject of its mail."""
PURPOSES: Final = {
    "password_link": Purpose.IDENTITY_CHECK,
    "password_code": Purpose.IDENTITY_CHECK,
    "password_changed": Purpose.NOTICES,
    "new_device": Purpose.NOTICES,
}
"""What each message uses the member's address for."""
SECRET: Final = frozenset({"password_link", "password_code"})
"""Messages that prove who reads that mailbox: never in the portal's own inbox."""


@dataclass(frozen=True)
class Filled:
    """A message ready to be sent."""

    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str | None = field(default=None, repr=False)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def fill(template: str, language: Language, values: dict[str, object]) -> Filled:
    """Return `<template>.<language>.txt` filled, and `.html` where there is one."""
    environment = _environment()
    name = f"{template}.{language}"
    text = environment.get_template(f"{name}.txt").render(values).strip() + "\n"
    html = None
    if (TEMPLATES / f"{name}.html").exists():
        html = environment.get_template(f"{name}.html").render(values)
    subject = f"[{translate(language, N_('Jikim'))}] {translate(language, SUBJECTS[template])}"
    return Filled(subject, text, html)
