"""Writes a batch: the members' keys are committed first, then their rows, all of a member at once.

A run that dies in between leaves keys without rows, which nobody sees and the next run completes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Date, bindparam, case, delete, func, or_, tuple_, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import insert

from db import writer
from db.drafts import MemberDraft, RecordDraft
from db.importer import held, known
from db.importer.assembling import assemble, one_a_service, whole
from db.importer.known import WHY_AWAY, State
from db.importer.merging import Merge
from db.importer.tally import Outcome
from db.sealing import SealError
from db.tables import keys as keys_tables
from db.tables.member import LIVE
from db.words import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import Connection, Engine

    from db.importer.drafting import Incoming
    from db.importer.known import Known
    from db.importer.tally import Tally
    from db.keyring import Keyring

Pair = tuple["Known", "Incoming"]
UNREADABLE = "this member's key is missing or wrong here"


@dataclass(frozen=True)
class Storage:
    """Where an import writes, as `portal_work`, and under which source's name."""

    data: Engine
    keys: Engine
    keyring: Keyring
    source: str
    now: datetime
    today: date

    def store(self, members: Sequence[Incoming], tally: Tally) -> None:
        """Write a batch and count what became of it."""
        # Left from the right: the keys are committed first, the rows after them.
        with self.data.begin() as data, self.keys.begin() as keys:
            self._store(data, keys, _once(members, tally), tally)

    def _store(
        self, data: Connection, keys: Connection, members: Sequence[Incoming], tally: Tally
    ) -> None:
        here = known.find(data, keys, self.source, [m.digest for m in members])
        pairs = [(here[m.digest], m) for m in members]
        self._add(data, keys, [p for p in pairs if p[0].state in _FRESH], tally)
        self._merge(data, keys, [p for p in pairs if p[0].state is State.LIVE], tally)
        for found, incoming in pairs:
            if why := WHY_AWAY.get(found.state):
                _stays_away(incoming, why, tally)

    def _add(self, data: Connection, keys: Connection, pairs: list[Pair], tally: Tally) -> None:
        if not pairs:
            return
        forget(keys, [k.member_id for k, _ in pairs if k.state is State.UNFINISHED])
        drafts = [whole(k.member_id, self.now, incoming) for k, incoming in pairs]
        writer.write(data, keys, self.keyring, drafts)
        self._origins(keys, [p for p in pairs if p[0].state is State.NEW])
        for _found, incoming in pairs:
            for place in incoming.places:
                tally.came(place, Outcome.NEW)
            for child in incoming.children:
                if isinstance(child.draft, RecordDraft) and child.draft.ends_on < self.today:
                    tally.counts[child.place.part].past_period += 1

    def _origins(self, keys: Connection, pairs: list[Pair]) -> None:
        rows = [
            {"source": self.source, "digest": incoming.digest, "member_id": found.member_id,
             "imported_at": self.now}
            for found, incoming in pairs
        ]  # fmt: skip
        if rows:
            keys.execute(plain_insert(keys_tables.import_origin), rows)

    def _merge(self, data: Connection, keys: Connection, pairs: list[Pair], tally: Tally) -> None:
        if not pairs:
            return
        drafts = [child.draft for _, incoming in pairs for child in incoming.children]
        found = held.read(data, [k.member_id for k, _ in pairs], drafts)
        merges = []
        for who, incoming in pairs:
            try:
                sealer = self.keyring.sealer(Store.LIVE, who.member_id, who.wrapped or b"")
            except SealError:
                _stays_away(incoming, UNREADABLE, tally)
                continue
            merge = Merge(who.member_id, incoming, sealer, found, tally, self.today, self.now)
            merge.run()
            merges.append(merge)
        self._blind(keys, merges)
        _insert(data, merges, self.now)
        _change(data, merges)

    def _blind(self, keys: Connection, merges: Sequence[Merge]) -> None:
        """Let members be found by what they are called now, and no longer by what they were."""
        table = keys_tables.blind_index
        gone, new = [], []
        for merge in merges:
            old_pairs, new_pairs = merge.blind_change()
            gone += [(k, self.keyring.blind(k, v), merge.member_id) for k, v in old_pairs]
            new += [
                {"kind": k, "digest": self.keyring.blind(k, v), "member_id": merge.member_id}
                for k, v in new_pairs
            ]
        if gone:
            key = tuple_(table.c.kind, table.c.digest, table.c.member_id)
            keys.execute(delete(table).where(key.in_(gone)))
        if new:
            keys.execute(insert(table).on_conflict_do_nothing(), new)


_FRESH = (State.NEW, State.UNFINISHED)


def forget(keys: Connection, members: Sequence[UUID]) -> None:
    """Drop keys under which nothing was ever written, to make them anew."""
    for table in (keys_tables.member_key, keys_tables.blind_index):
        if members:
            keys.execute(delete(table).where(table.c.member_id.in_(members)))


def _stays_away(incoming: Incoming, why: str, tally: Tally) -> None:
    for place in incoming.places:
        tally.stays_away(place, why)


def _once(members: Sequence[Incoming], tally: Tally) -> list[Incoming]:
    """Return members without those whose key only looks different in the source (7 and "7")."""
    found: dict[bytes, Incoming] = {}
    for incoming in members:
        if found.setdefault(incoming.digest, incoming) is not incoming:
            for place in incoming.places:
                tally.refuse(place, "", "its key stands in several rows")
    return list(found.values())


def _insert(data: Connection, merges: Sequence[Merge], now: datetime) -> None:
    rows: dict[str, list[writer.Row]] = {}
    for merge in merges:
        draft = assemble(merge.member_id, now, merge.added)
        for name, some in writer.rows_of(draft, merge.sealer).items():
            rows.setdefault(name, []).extend(some)
    for table in LIVE.all:
        new = rows.get(table.name)
        if new and table is not LIVE.member:
            data.execute(insert(table).on_conflict_do_nothing(), new)


def _change(data: Connection, merges: Sequence[Merge]) -> None:
    values = [_value(merge, draft) for merge in merges for draft in merge.changed]
    table = LIVE.profile_value
    if values:
        same = [table.c[name] == bindparam(f"at_{name}") for name in ("member_id", "item", "seq")]
        data.execute(update(table).where(*same), values)
    _use(data, merges)
    members = [row for merge in merges if (row := _member(merge))]
    if members:
        data.execute(_MEMBER, members)


def _value(merge: Merge, draft: Any) -> writer.Row:  # noqa: ANN401 (a ValueDraft)
    row = writer.value_row(merge.sealer, MemberDraft(merge.member_id, merge.now), draft)
    return {f"at_{k}" if k in _VALUE_KEY else k: v for k, v in row.items()}


_VALUE_KEY = ("member_id", "item", "seq")


def _use(data: Connection, merges: Sequence[Merge]) -> None:
    uses = [
        {"member_id": merge.member_id, **asdict(use)}
        for merge in merges
        for use in one_a_service(merge.used)
    ]
    table = LIVE.service_use
    if uses:
        new = insert(table)
        later = func.greatest(table.c.last_used_on, new.excluded.last_used_on)
        since = func.coalesce(table.c.since, new.excluded.since)
        upsert = new.on_conflict_do_update(
            index_elements=["member_id", "service"], set_={"since": since, "last_used_on": later}
        )
        data.execute(upsert, uses)
    devices = [
        {"at_member": merge.member_id, "at_id": d.device_row_id, "day": d.last_used_on}
        for merge in merges
        for d in merge.devices
    ]
    if devices:
        data.execute(_DEVICE, devices)


_DEVICE = (
    update(LIVE.device)
    .where(
        LIVE.device.c.member_id == bindparam("at_member"),
        LIVE.device.c.device_row_id == bindparam("at_id"),
        LIVE.device.c.refused_at.is_(None),
    )
    .values(last_used_on=func.greatest(LIVE.device.c.last_used_on, bindparam("day")))
)
_MEMBER = (
    update(LIVE.member)
    .where(LIVE.member.c.member_id == bindparam("at_member"))
    .values(
        joined_on=func.coalesce(LIVE.member.c.joined_on, bindparam("joined")),
        **{
            name: case(
                (bindparam("born_anew"), bindparam(f"at_{name}", type_=Date)),
                else_=LIVE.member.c[name],
            )
            for name in ("turns_14_on", "turns_19_on")
        },
        age_known=or_(bindparam("born_anew"), LIVE.member.c.age_known),
        last_used_on=func.greatest(LIVE.member.c.last_used_on, bindparam("used")),
    )
)


def _member(merge: Merge) -> writer.Row | None:
    used = max((u.last_used_on for u in merge.used if u.last_used_on), default=None)
    born = merge.birth_date
    if merge.joined_on is None and born is None and used is None:
        return None
    return {
        "at_member": merge.member_id,
        "joined": merge.joined_on,
        "born_anew": born is not None,
        **{f"at_{name}": day for name, day in writer.birthdays(born, merge.today).items()},
        "used": used,
    }
