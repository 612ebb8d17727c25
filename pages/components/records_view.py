"""Turns records into rows of a table that reads well on a phone too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pages.components.profile_view import origin_notes
from pages.components.text import _
from services.language import format_date

if TYPE_CHECKING:
    from services.records import Record


@dataclass(frozen=True)
class RecordView:
    """One record: its day, what it says, until when it is kept, and how it came."""

    day: str
    cells: tuple[str, ...]
    until: str
    broken: bool
    notes: tuple[tuple[str, str], ...]


def heads(records: tuple[Record, ...]) -> tuple[tuple[str, str], ...]:
    """Return (field name, label) of the columns that hold something on this page."""
    if not records:
        return ()
    fields = records[0].kind.fields
    used = {name for record in records for name in (record.fields or {})}
    return tuple((f.name, _(f.label)) for f in fields if f.name in used)


def rows(records: tuple[Record, ...], columns: tuple[tuple[str, str], ...]) -> tuple[RecordView, ...]:
    """Return the page's records as rows."""
    return tuple(
        RecordView(
            format_date(r.event_date),
            tuple((r.fields or {}).get(name, "") for name, _label in columns),
            format_date(r.ends_on),
            r.fields is None,
            origin_notes(r.provenance),
        )
        for r in records
    )
