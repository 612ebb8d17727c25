"""Records of the six kinds (clause 3.2): how many of each, until when, and a page of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from db import places
from db.declarations import KINDS, Kind, Mask
from services import provenance
from services.masking import mask

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from uuid import UUID

    from db.words import RecordKind
    from services.gathering import Row
    from services.provenance import Provenance
    from services.subject import Subject

PAGE_ROWS = 20


@dataclass(frozen=True)
class KindSummary:
    """How many records of a kind are held, from when, and when the first and the last end."""

    kind: Kind
    count: int
    first_event: date
    last_event: date
    first_end: date
    last_end: date


@dataclass(frozen=True)
class Record:
    """One record; `fields` by name, masked unless `plain`; None when it can't be opened."""

    record_id: UUID
    kind: Kind
    event_date: date
    ends_on: date
    fields: dict[str, str] | None
    plain: bool
    provenance: Provenance


def summary(subject: Subject, counts: Iterable[Row]) -> tuple[KindSummary, ...]:
    """Return the kinds of which the member has records, from the counts of `profile_queries`."""
    found = {row["kind"]: row for row in counts}
    return tuple(
        KindSummary(**{**found[name], "kind": kind})
        for name, kind in KINDS.items()
        if name in found and subject.may_use_kind(name)
    )


def page(
    subject: Subject, kind: RecordKind, number: int, *, plain: bool, rows: int = PAGE_ROWS
) -> tuple[Record, ...]:
    """Return page `number` (from 1) of a kind, the newest first: one query, `rows` at the most.

    `plain=True` needs a verification: raise `StepUpRequired` without one.
    """
    if plain:
        subject.actor.require_verification()
    if not subject.may_use_kind(kind):
        return ()
    plain = subject.in_full(kind, plain=plain)
    table = subject.tables.record
    found = subject.connection.execute(
        select(table)
        .where(table.c.member_id == subject.member_id, table.c.kind == kind)
        .order_by(table.c.event_date.desc(), table.c.record_id.desc())
        .limit(rows)
        .offset((max(number, 1) - 1) * rows)
    ).mappings()
    return tuple(
        Record(
            row["record_id"],
            KINDS[kind],
            row["event_date"],
            row["ends_on"],
            _fields(subject, kind, row["record_id"], row["sealed"], plain=plain),
            plain,
            provenance.of(row),
        )
        for row in found
    )


def _fields(
    subject: Subject, kind: RecordKind, record_id: UUID, sealed: bytes, *, plain: bool
) -> dict[str, str] | None:
    text = subject.open(sealed, places.record(kind, record_id))
    if text is None:
        return None
    values: dict[str, str] = json.loads(text)
    seen = [f for f in KINDS[kind].fields if not (f.locates and subject.hides_place)]
    rules = {f.name: Mask.NONE if plain else f.mask for f in seen}
    return {name: mask(rules[name], values[name]) for name in rules if values.get(name)}
