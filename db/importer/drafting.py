"""From rows to drafts: one function for each kind of part in a map."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 (used in a signature that mypy reads)
from typing import TYPE_CHECKING

from db.declarations import ITEMS
from db.drafts import (
    ConsentDraft,
    DeviceDraft,
    DisclosureDraft,
    RecordDraft,
    UseDraft,
    ValueDraft,
)
from db.importer import cells as read
from db.importer import mapping
from db.importer.parse import Reading, key_text
from db.words import ActorKind, Channel, ConsentKind, Ground, Purpose, Source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from db.importer.cells import RowCells
    from db.importer.rules import Identities
    from db.importer.tally import Place

ChildDraft = ValueDraft | RecordDraft | ConsentDraft | DeviceDraft | DisclosureDraft | UseDraft

IDENTIFYING = frozenset(n for n, i in ITEMS.items() if i.required) | {"login_id"}
"""Items that refuse their member when malformed; of the others only the value is refused."""


@dataclass(frozen=True)
class Child:
    """A sound row that belongs to a member, and the lines that stand or fall with it."""

    place: Place
    draft: ChildDraft
    lines: tuple[Place, ...] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        """Return every row of the source that this is made of."""
        return (self.place, *self.lines)


@dataclass
class Incoming:
    """A member as the source has them, sound and ready to be written."""

    place: Place
    digest: bytes
    joined_on: date | None
    values: tuple[ValueDraft, ...]
    children: list[Child] = field(default_factory=list)

    @property
    def places(self) -> list[Place]:
        """Return every row of the source that stands or falls with this member."""
        return [self.place, *(place for child in self.children for place in child.places)]


def member(person: RowCells, plan: mapping.Map, digest: bytes) -> Incoming:
    """Return a member without children. Raise `RowRefusedError`."""
    values = tuple(
        draft
        for name, spec in plan.member.items.items()
        if (draft := _item(person, name, spec, (spec, plan.member, plan.origin))) is not None
    )
    joined_on = person.maybe(plan.member.joined_on, Reading.past_day)
    return Incoming(person.place, digest, joined_on, values)


def _item(
    person: RowCells,
    name: str,
    spec: mapping.ItemCells,
    origins: Sequence[mapping.OriginCells],
) -> ValueDraft | None:
    parser = read.item(name)
    if spec.required:
        found: str | None = person.need(spec, parser)
    else:
        look = person.sound if name in IDENTIFYING else person.maybe
        found = look(spec, parser)
    return None if found is None else ValueDraft(name, found, person.origin(origins))


@dataclass(frozen=True)
class Drafter:
    """Makes drafts of the rows of one part; `lines` holds the texts of each record's lines."""

    plan: mapping.Map
    ids: Identities

    def child(
        self, part: mapping.Part, row: RowCells, seq: int, lines: Sequence[str] = ()
    ) -> ChildDraft | None:
        """Return a row's draft, None when it says nothing. Raise `RowRefusedError`."""
        match part:
            case mapping.Values():
                return self._value(part, row, seq)
            case mapping.Records():
                return self._record(part, row, lines)
            case mapping.Consents():
                return self._consent(part, row)
            case mapping.Devices():
                return self._device(part, row)
            case mapping.Disclosures():
                return self._disclosure(part, row)
            case mapping.Uses():
                return self._use(part, row)
        raise TypeError(part)

    def _key(self, part: mapping.Part, row: RowCells) -> str:
        column = part.plain_columns()[-1]
        key = key_text(row.row[column])
        if not key:
            read.refuse(column, "its key is empty")
        return key

    def _value(self, part: mapping.Values, row: RowCells, seq: int) -> ValueDraft | None:
        found = row.sound(part.value, read.item(part.item))
        if found is None:
            return None
        return ValueDraft(part.item, found, row.origin((part, self.plan.origin)), seq)

    def _record(self, part: mapping.Records, row: RowCells, lines: Sequence[str]) -> RecordDraft:
        key = self._key(part, row)
        event = row.need(part.event_date, Reading.past_day)
        fields = {
            name: value
            for name, cell in part.fields.items()
            if (value := row.maybe(cell, read.text)) is not None
        }
        if part.lines and lines:
            fields[part.lines.field] = "\n".join(lines)
        origin = row.origin((part, self.plan.origin), event)
        ends_on = row.rules.ends_on(part.kind, event)
        return RecordDraft(self.ids.row(part.table, key), part.kind, event, ends_on, fields, origin)

    def _consent(self, part: mapping.Consents, row: RowCells) -> ConsentDraft | None:
        granted = row.sound(part.granted, read.yes_or_no)
        if granted is None:
            return None  # no evidence, no record: it counts as no
        decided: datetime | None = row.sound(part.decided_at, Reading.past_instant)
        item = row.sound(part.item, read.items)
        origin = row.origin((part, self.plan.origin), decided.date() if decided else None)
        kind = row.need(part.kind, read.word(ConsentKind))
        channel = row.sound(part.channel, read.word(Channel))
        recipient = row.sound(part.recipient, read.text)
        # One row may hold several consents, so its id is made of what it decides, too.
        what = f"{self._key(part, row)}\0{kind}\0{channel}\0{recipient}\0{item}"
        by = row.maybe(part.decided_by, read.word(ActorKind))
        return ConsentDraft(
            self.ids.row(f"{part.table}:consent", what), kind, granted, decided, channel,
            recipient, item[0] if item else None, row.sound(part.ends_on, Reading.any_day),
            row.maybe(part.wording, read.text), origin.policy_version,
            row.maybe(part.language, read.text), by, origin.source,
        )  # fmt: skip

    def _device(self, part: mapping.Devices, row: RowCells) -> DeviceDraft | None:
        identifier = row.sound(part.identifier, read.text)
        if identifier is None:
            return None
        return DeviceDraft(
            self.ids.row(f"{part.table}:device", self._key(part, row)),
            identifier,
            row.maybe(part.last_used_on, Reading.past_day),
            row.origin((part, self.plan.origin)),
        )

    def _disclosure(self, part: mapping.Disclosures, row: RowCells) -> DisclosureDraft:
        purpose = row.maybe(part.purpose, read.word(Purpose))
        return DisclosureDraft(
            self.ids.row(f"{part.table}:disclosure", self._key(part, row)),
            row.need(part.recipient, read.text),
            row.need(part.items, read.items),
            row.need(part.disclosed_on, Reading.past_day),
            purpose,
            row.maybe(part.ground, read.word(Ground)),
            row.maybe(part.kept_until, Reading.any_day),
            row.maybe(part.source or self.plan.origin.source, read.word(Source)),
        )

    def _use(self, part: mapping.Uses, row: RowCells) -> UseDraft | None:
        service = row.sound(part.service, read.text)
        if service is None:
            return None
        since = row.maybe(part.since, Reading.past_day)
        return UseDraft(service, since, row.maybe(part.last_used_on, Reading.past_day))
