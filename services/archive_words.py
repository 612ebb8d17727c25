"""How the archive says its values to a person: words, names of items, purposes, days."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from db.declarations import ITEMS
from db.words import N_, ExportGroup
from services import consent_words, history_words, request_words
from services.archive_columns import UNOPENED, Form
from services.language import format_date, format_datetime, translate

if TYPE_CHECKING:
    from services.archive_columns import Column, Value
    from services.language import Language

GROUPS: dict[ExportGroup, str] = {
    ExportGroup.PROFILE: N_("My data"),
    ExportGroup.RECORDS: N_("Records"),
    ExportGroup.CONSENTS: N_("Consents and stops"),
    ExportGroup.SHARING: N_("Shared with others"),
    ExportGroup.HISTORY: N_("Who looked"),
    ExportGroup.MESSAGES: N_("Requests and messages"),
}
"""What each part of an archive is called."""
PROBLEMS: Final = {UNOPENED: N_("This value can't be opened. Please tell us.")}
_LONGEST: Final = 4000


def item(language: Language, name: str) -> str:
    """Return what an item is called; a name that nobody declares stays as it is."""
    return translate(language, ITEMS[name].label) if name in ITEMS else name


def purpose(language: Language, name: str) -> str:
    """Return what a purpose is called; a word that no policy knows stays as it is."""
    if name in history_words.RIGHTS:
        return translate(language, history_words.RIGHTS[name])
    return consent_words.known_purpose(language, name) or name


def say(language: Language, column: Column, value: Value) -> str:
    """Return a value as a person reads it; nothing where there is none."""
    if value is None or value == [] or (column.form is Form.MARK and not value):
        return ""
    if isinstance(value, list):
        named = item if column.form is Form.ITEMS else purpose
        return ", ".join(named(language, one) for one in value)
    if isinstance(value, bool):
        return translate(language, N_("Yes") if value else N_("No"))
    if isinstance(value, int):
        return f"{value:,}"
    return _text(language, column, value)


def _text(language: Language, column: Column, value: str) -> str:  # noqa: PLR0911
    if column.words is not None and value in column.words:
        return translate(language, column.words[value])
    if column.form is Form.ITEM:
        return item(language, value)
    if column.form is Form.PURPOSE:
        return purpose(language, value)
    if column.form is Form.REASON:
        return request_words.refusal(language, value)
    if column.form is Form.DAY:
        return format_date(date.fromisoformat(value))
    if column.form is Form.MOMENT:
        return format_datetime(datetime.fromisoformat(value))
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
