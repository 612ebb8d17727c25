"""A member who is here already: what is new or changed at the source comes in, nothing is undone.

What was cleared or changed here stays so, and the difference is reported. What the source no longer
says stays, too: silence is no correction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from db import places
from db.drafts import (
    ConsentDraft,
    DeviceDraft,
    DisclosureDraft,
    MemberDraft,
    RecordDraft,
    UseDraft,
    ValueDraft,
)
from db.importer.held import id_of
from db.importer.tally import Outcome
from db.sealing import SealError
from db.writer import BLIND_KINDS, blind_values

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from db.importer.drafting import Child, ChildDraft, Incoming
    from db.importer.held import Held
    from db.importer.tally import Place, Tally
    from db.sealing import Sealer

PERIOD_OVER = "its period is over, so it is not taken in again"
DEVICE_REFUSED = "this device was refused here and stays so"
_FOUND_BY = (*BLIND_KINDS, "name", "birth_date")


@dataclass
class Merge:
    """What a batch does to one member. `added` is inserted, `changed` replaces what is here."""

    member_id: UUID
    incoming: Incoming
    sealer: Sealer
    held: Held
    tally: Tally
    today: date
    now: datetime
    added: list[ChildDraft] = field(default_factory=list)
    changed: list[ValueDraft] = field(default_factory=list)
    used: list[UseDraft] = field(default_factory=list)
    devices: list[DeviceDraft] = field(default_factory=list)
    joined_on: date | None = None

    def run(self) -> None:
        """Decide about each value and row, and count it."""
        place = self.incoming.place
        outcomes = {self._value(place, draft) for draft in self.incoming.values}
        here = self.held.members[(self.member_id,)]
        if here.joined_on is None and self.incoming.joined_on:
            self.joined_on = self.incoming.joined_on
            outcomes.add(Outcome.CHANGED)
        touched = outcomes & {Outcome.NEW, Outcome.CHANGED}
        self.tally.came(place, Outcome.CHANGED if touched else Outcome.SAME)
        for child in self.incoming.children:
            self._child(child)

    def _child(self, child: Child) -> None:
        decided = self._decide(child)
        for place in child.places:
            if isinstance(decided, Outcome):
                self.tally.came(place, decided)
            else:
                self.tally.stays_away(place, decided)

    def _decide(self, child: Child) -> Outcome | str:
        """Return what became of a row, or why it stays away."""
        draft = child.draft
        match draft:
            case ValueDraft():
                return self._value(child.place, draft)
            case UseDraft():
                return self._use(draft)
            case DeviceDraft():
                return self._device(draft)
            case RecordDraft() | ConsentDraft() | DisclosureDraft():
                return self._row(draft)

    def _row(self, draft: RecordDraft | ConsentDraft | DisclosureDraft) -> Outcome | str:
        if (self.member_id, id_of(draft)) in self.held.ids:
            return Outcome.SAME
        if isinstance(draft, RecordDraft) and draft.ends_on < self.today:
            return PERIOD_OVER
        self.added.append(draft)
        return Outcome.NEW

    def _device(self, draft: DeviceDraft) -> Outcome | str:
        here = self.held.devices.get((self.member_id, draft.device_row_id))
        if here is None:
            self.added.append(draft)
            return Outcome.NEW
        if here.refused_at is not None:
            return DEVICE_REFUSED
        if _later(draft.last_used_on, here.last_used_on):
            self.devices.append(draft)
            return Outcome.CHANGED
        return Outcome.SAME

    def _use(self, draft: UseDraft) -> Outcome:
        here = self.held.uses.get((self.member_id, draft.service))
        if here is None:
            self.used.append(draft)
            return Outcome.NEW
        if _later(draft.last_used_on, here.last_used_on) or (draft.since and not here.since):
            self.used.append(draft)
            return Outcome.CHANGED
        return Outcome.SAME

    def _value(self, place: Place, draft: ValueDraft) -> Outcome:
        here = self.held.values.get((self.member_id, draft.item, draft.seq))
        if here is None:
            self.added.append(draft)
            return Outcome.NEW
        if here.cleared_at is not None:
            self.tally.conflict(place, draft.item, "it was cleared here and stays so")
            return Outcome.SAME
        text = self._open(draft.item, draft.seq, here.sealed)
        if text == draft.value:
            return Outcome.SAME
        if (self.member_id, draft.item) in self.held.disputed:
            self.tally.conflict(
                place, draft.item, "it is being put right here and stays until then"
            )
            return Outcome.SAME
        if text is None or here.changed_at is not None:
            why = "can't be opened" if text is None else "was changed"
            self.tally.conflict(place, draft.item, f"the value here {why} and stays as it is")
            return Outcome.SAME
        self.changed.append(draft)
        return Outcome.CHANGED

    def _open(self, item: str, seq: int, sealed: bytes) -> str | None:
        try:
            return self.sealer.open(bytes(sealed), places.profile(item, seq)).decode()
        except SealError:
            return None

    def blind_change(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Return by what the member is no longer found, and by what newly."""
        news = {d.item: d.value for d in self.added_values + self.changed if d.seq == 0}
        if not news.keys() & set(_FOUND_BY):
            return [], []
        before = {}
        for item in _FOUND_BY:
            row = self.held.values.get((self.member_id, item, 0))
            if row is not None and row.sealed is not None:
                before[item] = self._open(item, 0, row.sealed)
        known = {item: value for item, value in before.items() if value is not None}
        old, new = (self._found_by(values) for values in (known, known | news))
        return [p for p in old if p not in new], [p for p in new if p not in old]

    def _found_by(self, values: dict[str, str]) -> list[tuple[str, str]]:
        drafts = tuple(ValueDraft(item, value) for item, value in values.items())
        return blind_values(MemberDraft(self.member_id, self.now, values=drafts))

    @property
    def added_values(self) -> list[ValueDraft]:
        """Return the values that are new here."""
        return [draft for draft in self.added if isinstance(draft, ValueDraft)]

    @property
    def birth_date(self) -> str | None:
        """Return the birth date, if it came in now."""
        found = [d.value for d in self.added_values + self.changed if d.item == "birth_date"]
        return found[0] if found else None


def _later(theirs: date | None, ours: date | None) -> bool:
    return theirs is not None and (ours is None or theirs > ours)
