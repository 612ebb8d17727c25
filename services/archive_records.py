"""The files of records: one a kind, each field a column (clause 3.2, P06).

There may be a million, so each row is made by a function of its own, without a look at columns.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Text, cast, select

from db import places
from db.declarations import KINDS
from db.words import N_, ExportGroup
from services.archive_columns import UNOPENED, Column, File, Form
from services.archive_common_columns import provenance, unopened

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Select

    from db.declarations import Kind
    from services.archive_columns import Reading, Values
    from services.archive_source import Source

_READ: Final = json.JSONDecoder().raw_decode
"""Unlike `json.loads` it looks for no white space around, which took as long as the rest."""
_ONLY_TEXT: Final = frozenset({str, type(None)})


def _statement(kind: Kind) -> Callable[[Source], Select[Any]]:
    """Return the statement: days and ids come as text, which is how they are written."""

    def select_of(source: Source) -> Select[Any]:
        c = source.tables.record.c
        return (
            select(
                c.sealed, cast(c.record_id, Text), cast(c.event_date, Text), cast(c.ends_on, Text),
                c.source, c.partner, c.service, cast(c.obtained_on, Text), c.policy_version,
            )
            .where(c.member_id == source.member_id, c.kind == kind.name)
            .order_by(c.event_date.desc(), c.record_id.desc())
        )  # fmt: skip

    return select_of


def _text(value: object) -> str | None:
    """Return a field as text: an import may have kept a number or a list."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _maker(kind: Kind) -> Callable[[Reading], Callable[[Any], Values]]:
    names = tuple(field.name for field in kind.fields)
    known = frozenset(names)

    def make(reading: Reading) -> Callable[[Any], Values]:
        unseal, nothing = reading.source.open_bytes, (None,) * (len(names) + 1)

        def values(row: Any) -> Values:  # noqa: ANN401
            sealed, record_id, event_date, ends_on, *origin = row
            found = _fields(unseal(sealed, places.record(kind.name, record_id)))
            if found is None:
                return (record_id, event_date, ends_on, *nothing, *origin, UNOPENED)
            told: list[Any] = [found.get(name) for name in names]
            if not _ONLY_TEXT.issuperset(map(type, told)):
                told = [_text(value) for value in told]
            # A field that was declared once and is no more is held, so it is told.
            more = None if found.keys() <= known else _more(found, known)
            return (record_id, event_date, ends_on, *told, more, *origin, None)

        return values

    return make


def _more(found: dict[str, object], known: frozenset[str]) -> str | None:
    return _text({name: value for name, value in found.items() if name not in known})


def _fields(content: bytes | None) -> dict[str, object] | None:
    """Return what a record says, None when it can't be opened or read."""
    if content is None:
        return None
    try:
        text = content.decode()
        found, end = _READ(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) and end == len(text) else None


def _file(kind: Kind) -> File:
    fields = (Column(one.name, one.label, holds=("record.sealed",)) for one in kind.fields)
    return File(
        f"records_{kind.name}", kind.label, ExportGroup.RECORDS, "record",
        (
            Column("record_id", N_("Number of the entry"), Form.ID, shown=False,
                   holds=("record.record_id", "record.kind")),
            Column("event_date", N_("Day"), Form.DAY),
            Column("ends_on", N_("Kept until"), Form.DAY),
            *fields,
            Column("more", N_("More"), holds=("record.sealed",)),
            *provenance(),
            unopened(),
        ),
        _statement(kind), kind.retention, make=_maker(kind),
    )  # fmt: skip


FILES: Final = tuple(_file(kind) for kind in KINDS.values() if kind.exportable)
