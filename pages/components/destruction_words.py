"""What kinds of data are called on the officer's pages about destruction."""

from __future__ import annotations

from typing import Final

from db.declarations import KINDS
from db.words import N_, RecordKind
from pages.components.text import _
from services.destroying_rows import CASE_WORDS, EXPORTS, LEAVING, REPORTS, STAFF_ACCESS
from services.due import MEMBERS
from services.holds import AFTER_WITHDRAWAL, INBOX

_OTHERS: Final = {
    INBOX: N_("Messages to members"),
    AFTER_WITHDRAWAL: N_("Values of members who left"),
    MEMBERS: N_("Members who left, with their keys"),
    LEAVING: N_("What went because its member left"),
    EXPORTS: N_("Copies made for members to take"),
    REPORTS: N_("Reports and questions, with their answers"),
    CASE_WORDS: N_("What callers said and showed"),
    STAFF_ACCESS: N_("Register of staff access"),
}


def word(kind: str) -> str:
    """Return what a kind of row is called."""
    if kind in set(RecordKind):
        return _(KINDS[RecordKind(kind)].label)
    return _(_OTHERS.get(kind) or N_("Other data"))


_FORMS: Final = {
    AFTER_WITHDRAWAL: N_("Forms with a member's details"),
    LEAVING: N_("Forms that went with their member"),
}


def form_word(kind: str) -> str:
    """Return what a kind of form on paper is called."""
    return _(_FORMS[kind]) if kind in _FORMS else word(kind)
