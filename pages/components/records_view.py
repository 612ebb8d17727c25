"""Turns records into rows of a table that reads well on a phone too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pages.components.profile_view import origin_notes
from pages.components.text import _
from services.language import format_date

if TYPE_CHECKING:
    from db.declarations import Kind
    from services.records import Record


FIRST = 2
"""How many fields stand in columns; the rest would not fit a phone and opens on demand."""


@dataclass(frozen=True)
class RecordView:
    """One record: its day, what it says first, until when it is kept; `notes` say the rest."""

    day: str
    cells: tuple[str, ...]
    until: str
    broken: bool
    notes: tuple[tuple[str, str], ...]


def _notes(record: Record) -> tuple[tuple[str, str], ...]:
    """Return the fields that have no column, then how the record came."""
    fields = record.fields or {}
    rest = [f for f in record.kind.fields[FIRST:] if fields.get(f.name)]
    return (*((_(f.label), fields[f.name]) for f in rest), *origin_notes(record.provenance))


def heads(kind: Kind) -> tuple[tuple[str, str], ...]:
    """Return (field name, label) of the columns of a kind."""
    return tuple((f.name, _(f.label)) for f in kind.fields[:FIRST])


def rows(records: tuple[Record, ...], kind: Kind) -> tuple[RecordView, ...]:
    """Return the page's records as rows."""
    return tuple(
        RecordView(
            format_date(r.event_date),
            tuple((r.fields or {}).get(name, "") for name, _label in heads(kind)),
            format_date(r.ends_on),
            r.fields is None,
            _notes(r),
        )
        for r in records
    )
