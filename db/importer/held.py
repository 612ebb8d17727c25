"""What is held here of members whom the source has, too: read once for a whole batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import select

from db.drafts import ConsentDraft, DeviceDraft, DisclosureDraft, RecordDraft
from db.tables.member import LIVE
from db.words import RestrictionWhy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Column, Connection, Row

Rows: TypeAlias = "dict[tuple[Any, ...], Row[Any]]"


@dataclass(frozen=True)
class Held:
    """Rows here by member and their own key. Profile values are locked until the batch ends."""

    members: Rows
    values: Rows
    uses: Rows
    devices: Rows
    ids: set[tuple[UUID, UUID]]
    """Members and ids of their records, consents and disclosures that the source has, too."""
    disputed: set[tuple[UUID, str]]
    """Members and their items that are being put right."""


def read(data: Connection, members: Sequence[UUID], drafts: Sequence[object]) -> Held:
    """Return what is held. `drafts` are those of the source, to ask for no more than these."""
    values, uses, devices = LIVE.profile_value, LIVE.service_use, LIVE.device
    locked = (
        select(values)
        .where(values.c.member_id.in_(members))
        .order_by(values.c.member_id, values.c.item, values.c.seq)
        .with_for_update()
    )
    ids: set[tuple[UUID, UUID]] = set()
    for column, wanted in _wanted(drafts):
        for at in range(0, len(wanted), 5_000):
            query = select(column.table.c.member_id, column).where(
                column.table.c.member_id.in_(members), column.in_(wanted[at : at + 5_000])
            )
            ids.update((owner, row_id) for owner, row_id in data.execute(query))
    return Held(
        _rows(data, select(LIVE.member).where(LIVE.member.c.member_id.in_(members)), 1),
        _rows(data, locked, 3),
        _rows(data, select(uses).where(uses.c.member_id.in_(members)), 2),
        _rows(data, select(devices).where(devices.c.member_id.in_(members)), 2),
        ids,
        _disputed(data, members),
    )


def _disputed(data: Connection, members: Sequence[UUID]) -> set[tuple[UUID, str]]:
    table = LIVE.restriction.c
    rows = data.execute(
        select(table.member_id, table.item).where(
            table.member_id.in_(members),
            table.why == RestrictionWhy.DISPUTED,
            table.ended_at.is_(None),
            table.item.is_not(None),
        )
    )
    return {(row.member_id, row.item) for row in rows}


def _rows(data: Connection, query: Any, width: int) -> Rows:  # noqa: ANN401 (a select of any shape)
    return {tuple(row[:width]): row for row in data.execute(query)}


def _wanted(drafts: Sequence[object]) -> list[tuple[Column[Any], list[UUID]]]:
    return [
        (LIVE.record.c.record_id, [d.record_id for d in drafts if isinstance(d, RecordDraft)]),
        (LIVE.consent.c.consent_id, [d.consent_id for d in drafts if isinstance(d, ConsentDraft)]),
        (
            LIVE.disclosure.c.disclosure_id,
            [d.disclosure_id for d in drafts if isinstance(d, DisclosureDraft)],
        ),
    ]


def id_of(draft: RecordDraft | ConsentDraft | DisclosureDraft | DeviceDraft) -> UUID:
    """Return a draft's own id."""
    match draft:
        case RecordDraft():
            return draft.record_id
        case ConsentDraft():
            return draft.consent_id
        case DisclosureDraft():
            return draft.disclosure_id
        case DeviceDraft():
            return draft.device_row_id
