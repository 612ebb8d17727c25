"""What a new member consists of, in plain values, before anything is sealed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from db.words import (
        Channel,
        ConsentKind,
        Ground,
        LinkMeans,
        LinkReason,
        RecordKind,
        Source,
    )


@dataclass(frozen=True)
class Origin:
    """How a value was obtained. None means that nobody recorded it."""

    source: Source | None = None
    obtained_on: date | None = None
    policy_version: str | None = None
    service: str | None = None
    partner: str | None = None


@dataclass(frozen=True)
class ValueDraft:
    """One value of an item; dates as ISO text, images as base64 text."""

    item: str
    value: str
    origin: Origin = Origin()
    seq: int = 0


@dataclass(frozen=True)
class RecordDraft:
    """One record; `fields` are those its kind declares."""

    record_id: UUID
    kind: RecordKind
    event_date: date
    ends_on: date
    fields: dict[str, str]
    origin: Origin = Origin()


@dataclass(frozen=True)
class DeviceDraft:
    """One device and its identifier."""

    device_row_id: UUID
    identifier: str
    last_used_on: date | None = None
    origin: Origin = Origin()


@dataclass(frozen=True)
class UseDraft:
    """One of the family's services: since when, last when."""

    service: str
    since: date | None = None
    last_used_on: date | None = None


@dataclass(frozen=True)
class ConsentDraft:
    """One consent record. `granted` without evidence counts as no, so it must be known."""

    consent_id: UUID
    kind: ConsentKind
    granted: bool
    decided_at: datetime | None = None
    channel: Channel | None = None
    recipient: str | None = None
    item: str | None = None
    ends_on: date | None = None
    wording: str | None = None
    policy_version: str | None = None
    language: str | None = None
    decided_by: str | None = None
    source: Source | None = None


@dataclass(frozen=True)
class DisclosureDraft:
    """Items that were given to a recipient."""

    disclosure_id: UUID
    recipient: str
    items: tuple[str, ...]
    disclosed_on: date
    purpose: str | None = None
    ground: Ground | None = None
    kept_until: date | None = None
    source: Source | None = None
    ground_id: UUID | None = None


@dataclass(frozen=True)
class GuardianshipDraft:
    """The guardian of this member, how that was proved, and whether the proof is on record."""

    guardian_id: UUID
    started_on: date
    means: LinkMeans | None = None
    proof: bool = False
    ended_on: date | None = None
    source: Source | None = None
    reason: LinkReason | None = None
    consent_id: UUID | None = None


@dataclass(frozen=True)
class MemberDraft:
    """A new member with all that belongs to them."""

    member_id: UUID
    created_at: datetime
    joined_on: date | None = None
    values: tuple[ValueDraft, ...] = ()
    records: tuple[RecordDraft, ...] = ()
    devices: tuple[DeviceDraft, ...] = ()
    uses: tuple[UseDraft, ...] = ()
    consents: tuple[ConsentDraft, ...] = ()
    disclosures: tuple[DisclosureDraft, ...] = ()
    guardianships: tuple[GuardianshipDraft, ...] = field(default=())
