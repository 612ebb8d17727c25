"""Links from children to guardians: read last, since a guardian may come after the child.

A link that the source ends ends here, too; one that ended here is never opened again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select, update
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
from db.words import LinkMeans, Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
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
_OWN = frozenset({LinkMeans.CODE, LinkMeans.DOCUMENT})
"""What rests on a consent that was given here, in our own words."""
ENDED_HERE = "this guardian's link to the child ended here and stays so"


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
            _store(data, _Pairs(data, found), found, self.storage.today, tally)
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
        means = row.maybe(part.means, read.word(LinkMeans))
        if means in _OWN:
            read.refuse(part.guardian, "by a code or a document a guardian is linked here alone")
        draft = GuardianshipDraft(
            guardian.member_id,
            row.need(part.started_on, Reading.past_day),
            means,
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


def _store(data: Connection, pairs: _Pairs, found: list[Found], today: date, tally: Tally) -> None:
    new, ended = [], []
    for place, child, draft in found:
        decided = pairs.decide(child, draft, today)
        if not isinstance(decided, Outcome):
            tally.stays_away(place, decided)
            continue
        tally.came(place, decided)
        if decided is Outcome.NEW:
            new.append({"member_id": child, **asdict(draft)})
        elif decided is Outcome.CHANGED:
            ended.append(
                {"child": child, "guardian": draft.guardian_id, "began": draft.started_on,
                 "ended": draft.ended_on}
            )  # fmt: skip
    if new:
        data.execute(insert(LIVE.guardianship).on_conflict_do_nothing(), new)
    if ended:
        data.execute(_END, ended)


_LINK = LIVE.guardianship.c
_END = (
    update(LIVE.guardianship)
    .where(
        _LINK.member_id == bindparam("child"),
        _LINK.guardian_id == bindparam("guardian"),
        _LINK.started_on == bindparam("began"),
    )
    .values(ended_on=func.least(_LINK.ended_on, bindparam("ended")))
)
"""PostgreSQL's `least` leaves NULL out, so the earlier day wins also over one just written here."""


class _Pairs:
    """The links here of a batch's children and guardians: day of beginning, day of end."""

    def __init__(self, data: Connection, found: list[Found]) -> None:
        query = select(_LINK.member_id, _LINK.guardian_id, _LINK.started_on, _LINK.ended_on).where(
            _LINK.member_id.in_({child for _, child, _ in found})
        )
        self.links: dict[tuple[UUID, UUID], dict[date, date | None]] = defaultdict(dict)
        for child, guardian, began, ended in data.execute(query.with_for_update()):
            self.links[child, guardian][began] = ended
        self.told = {
            (child, d.guardian_id, d.started_on, d.ended_on) for _, child, d in found if d.ended_on
        }

    def decide(self, child: UUID, draft: GuardianshipDraft, today: date) -> Outcome | str:
        """Return what becomes of a link, or why it stays away."""
        links, began, ended = self.links[child, draft.guardian_id], draft.started_on, draft.ended_on
        if began in links:
            held = links[began]
            if ended is None or (held is not None and held <= ended):
                return Outcome.SAME
            links[began] = ended
            return Outcome.CHANGED
        opens = ended is None or ended > today
        if opens and any(self._ended_here(child, draft, *link) for link in links.items()):
            return ENDED_HERE
        links[began] = ended
        return Outcome.NEW

    def _ended_here(
        self, child: UUID, draft: GuardianshipDraft, began: date, ended: date | None
    ) -> bool:
        """Return whether an end is known here that the source does not tell itself."""
        return ended is not None and (child, draft.guardian_id, began, ended) not in self.told
