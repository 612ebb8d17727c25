"""Puts a member of the source together as a draft that the writer takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from db.drafts import (
    ConsentDraft,
    DeviceDraft,
    DisclosureDraft,
    MemberDraft,
    RecordDraft,
    UseDraft,
    ValueDraft,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from uuid import UUID

    from db.importer.drafting import ChildDraft, Incoming

T = TypeVar("T")


def whole(member_id: UUID, now: datetime, incoming: Incoming) -> MemberDraft:
    """Return a new member with all that came with them."""
    values = list(incoming.values)
    drafts = [child.draft for child in incoming.children]
    return assemble(member_id, now, [*values, *drafts], incoming.joined_on)


def assemble(
    member_id: UUID, now: datetime, drafts: Iterable[ChildDraft], joined_on: date | None = None
) -> MemberDraft:
    """Return a draft of a member with these parts."""
    found = list(drafts)

    def only(kind: type[T]) -> tuple[T, ...]:
        return tuple(draft for draft in found if isinstance(draft, kind))

    return MemberDraft(
        member_id,
        now,
        joined_on,
        values=only(ValueDraft),
        records=only(RecordDraft),
        devices=only(DeviceDraft),
        uses=one_a_service(only(UseDraft)),
        consents=only(ConsentDraft),
        disclosures=only(DisclosureDraft),
    )


def one_a_service(uses: Iterable[UseDraft]) -> tuple[UseDraft, ...]:
    """Return one use for each service: the earliest day of beginning, the latest of use."""
    found: dict[str, UseDraft] = {}
    for use in uses:
        before = found.get(use.service, use)
        since = min(filter(None, (before.since, use.since)), default=None)
        last = max(filter(None, (before.last_used_on, use.last_used_on)), default=None)
        found[use.service] = UseDraft(use.service, since, last)
    return tuple(found.values())
