"""Links from children to guardians: read last, since a guardian may come after the child."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db.drafts import GuardianshipDraft
from db.importer import cells as read
from db.importer import known
from db.importer.cells import RowRefusedError
from db.importer.columns import chunks, resolve
from db.importer.known import WHY_AWAY, State
from db.importer.parse import Reading, key_text
from db.importer.people import where
from db.importer.tally import Outcome, Place
from db.tables.member import LIVE
from db.words import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from sqlalchemy import Connection

    from db.importer.cells import RowCells
    from db.importer.known import Known
    from db.importer.mapping import Guardians
    from db.importer.plan import Branch
    from db.importer.reader import Reader
    from db.importer.source import Row
    from db.importer.storing import Storage
    from db.importer.tally import Tally

Found = tuple[Place, "UUID", GuardianshipDraft]


class _StaysAwayError(Exception):
    """The child left here or sleeps here."""


@dataclass(frozen=True)
class Links:
    """Links children to guardians, batch by batch."""

    reader: Reader
    storage: Storage

    def tallies(self) -> Iterator[Tally]:
        """Write the links and yield what became of them."""
        for branch in self.reader.plan.guardians:
            rows = self.reader.source.rows(branch.part.table, branch.columns, branch.part.member)
            number = 0
            for some in chunks(rows):
                resolve(self.reader.source, branch.part.table, branch.part.cells(), some)
                yield self._write(branch, some, number)
                number += len(some)

    def _write(self, branch: Branch, rows: list[Row], number: int) -> Tally:
        tally = self.reader.blank.empty()
        part: Guardians = branch.part  # type: ignore[assignment]
        with self.storage.data.begin() as data, self.storage.keys.begin() as keys:
            people = self._people(data, keys, part, rows)
            found: list[Found] = []
            for at, row in enumerate(rows, number + 1):
                place = Place(branch.label, where(row, str(at)))
                tally.fetched(branch.label)
                try:
                    link = self._link(part, self.reader.cells(row, place, tally), people)
                    found.append((place, *link))
                except RowRefusedError as refused:
                    tally.refuse(place, refused.column, refused.reason)
                except _StaysAwayError as why:
                    tally.stays_away(place, str(why))
            _insert(data, found, tally)
        return tally

    def _people(
        self, data: Connection, keys: Connection, part: Guardians, rows: list[Row]
    ) -> dict[str, Known]:
        texts = {key_text(row[column]) for row in rows for column in (part.member, part.guardian)}
        digests = {self.reader.ids.member(text): text for text in texts if text}
        here = known.find(data, keys, self.storage.source, list(digests))
        return {text: here[digest] for digest, text in digests.items()}

    def _link(
        self, part: Guardians, row: RowCells, people: dict[str, Known]
    ) -> tuple[UUID, GuardianshipDraft]:
        child = _here(people, row, part.member, "child")
        guardian = _here(people, row, part.guardian, "guardian")
        if child.member_id == guardian.member_id:
            read.refuse(part.guardian, "nobody is their own guardian")
        if why := WHY_AWAY.get(child.state):
            raise _StaysAwayError(why)
        if guardian.state is State.LEFT:
            read.refuse(part.guardian, "its guardian left here")
        draft = GuardianshipDraft(
            guardian.member_id,
            row.need(part.started_on, Reading.past_day),
            row.maybe(part.means, read.text),
            row.maybe(part.proof, read.yes_or_no) or False,
            row.sound(part.ended_on, Reading.any_day),
            row.maybe(part.source or self.reader.plan.map.origin.source, read.word(Source)),
        )
        return child.member_id, draft


def _here(people: dict[str, Known], row: RowCells, column: str, who: str) -> Known:
    found = people.get(key_text(row.row[column]) or "")
    if found is None or found.state in (State.NEW, State.UNFINISHED):
        read.refuse(column, f"its {who} is no member that came in")
    return found


def _insert(data: Connection, found: list[Found], tally: Tally) -> None:
    table = LIVE.guardianship
    key = (table.c.member_id, table.c.guardian_id, table.c.started_on)
    query = select(*key).where(table.c.member_id.in_([child for _, child, _ in found]))
    here = {tuple(row) for row in data.execute(query)}
    new = []
    for place, child, draft in found:
        mine = (child, draft.guardian_id, draft.started_on)
        tally.came(place, Outcome.SAME if mine in here else Outcome.NEW)
        if mine not in here:
            here.add(mine)
            new.append({"member_id": child, **asdict(draft)})
    if new:
        data.execute(insert(table).on_conflict_do_nothing(), new)
