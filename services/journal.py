"""Notes what a restore must do again: destructions, clearings, corrections, consents, moves, holds.

An entry is a row of `ops.journal` in the transaction that does the thing, and a line of a file
outside the database, flushed to disk **before** that transaction commits (`services/journal_file`).
So whatever was committed is in the file, however the machine dies, as long as the file's disk
lives. The reverse can happen: a line whose transaction never committed. The worker says of each
line which it is (`settle`); of those that it did not come to, a restore does only what protects
the member (`services/replay_row`).

**What an entry carries.** `rows` are rows as they stand after the change, whole or only the columns
that changed, with their key; `gone` names rows that went, by values that they held. A restore puts
them in, or removes them, in the order of time: it needs to know nothing of what was done. So
whoever changes something that must not be lost notes it in one line:

    journal.note(connection, Noted.CLEARED, member_id, at, rows=[(table, row), …])

A carried value is sealed under its member's key (`services/journal_rows`); ids and words are in
`detail`. Rows of a member's own tables may be named in any store: a restore puts them where the
member is. `WITHDRAWN` carries all that a withdrawal left: the rows of every `retained` table of the
member, of `ops.withdrawal` and `ops.withdrawal_line` (and of `ops.dispatch`, so that companies stay
told); its replay removes all else that is held of the member first.

**Several machines.** Each process writes below its own `var`. `settle` writes down what others
noted, rows included, and drops the rows from the database once they are in a file: they stand there
for an hour or so. Large rows (a file given as proof, the records of who left) are only in the file
of the machine that noted them. So a restore wants the folders of all machines put together.

Entries live for 35 days, in files of a day each.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID, uuid4
from weakref import WeakKeyDictionary

from sqlalchemy import Text, delete, event, insert, literal, select, update

from db.clock import seoul_day
from db.tables.keeping import journal as rows_of
from db.words import Noted
from services import journal_file, journal_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import Connection, Table

    from services.journal_file import Journal
    from services.journal_rows import Row

KEPT: Final = timedelta(days=35)
"""How long entries are kept: longer than any backup of data, which lives 30 days at most."""
_SURE: Final = timedelta(minutes=10)
"""A transaction that noted something has committed, or never will, after this time."""
_DAY: Final = timedelta(days=1)
_AT_ONCE: Final = 500
_LARGE: Final = 100_000
"""Characters of carried rows that are too many to go through the database as well."""
_log = logging.getLogger("portal")
_pending: WeakKeyDictionary[Connection, list[dict[str, Any]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Entry:
    """One thing that was done."""

    entry_id: UUID
    at: datetime
    kind: Noted
    member_id: UUID | None
    detail: dict[str, Any]

    @property
    def rows(self) -> tuple[tuple[Table, dict[str, Any]], ...]:
        """Return the rows it carries."""
        return journal_rows.unpacked(self.detail.get("rows", []))

    @property
    def gone(self) -> tuple[tuple[Table, dict[str, Any]], ...]:
        """Return what names the rows that went."""
        return journal_rows.unpacked(self.detail.get("gone", []))

    def as_json(self) -> dict[str, Any]:
        """Return the line of the file."""
        return {
            "entry_id": str(self.entry_id),
            "at": self.at.isoformat(),
            "kind": self.kind.value,
            "member_id": str(self.member_id) if self.member_id else None,
            "detail": self.detail,
        }

    @classmethod
    def from_json(cls, line: dict[str, Any]) -> Entry:
        """Return the entry of a line."""
        member = UUID(line["member_id"]) if line["member_id"] else None
        at, kind = datetime.fromisoformat(line["at"]), Noted(line["kind"])
        return cls(UUID(line["entry_id"]), at, kind, member, line["detail"])


def _plain(value: object) -> object:
    """Return an id, a day or a word as JSON has it."""
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def note(
    connection: Connection,
    kind: Noted,
    member_id: UUID | None,
    at: datetime,
    /,
    *,
    rows: Iterable[Row] = (),
    gone: Iterable[Row] = (),
    **ids: object,
) -> None:
    """Note one thing in the caller's transaction, as either role. `ids`: ids, days and words."""
    detail = json.loads(json.dumps({k: _plain(v) for k, v in ids.items()}))
    for name, held in (("rows", journal_rows.packed(rows)), ("gone", journal_rows.packed(gone))):
        if held:
            detail[name] = held
    keep(connection, [Entry(uuid4(), at, kind, member_id, detail)])


def note_each(
    connection: Connection, kind: Noted, at: datetime, rows: Mapping[UUID, Iterable[Row]]
) -> None:
    """As `note`, of many members at once: what each one's rows are now."""
    keep(connection, [
        Entry(uuid4(), at, kind, member_id, {"rows": journal_rows.packed(held)})
        for member_id, held in rows.items()
    ])  # fmt: skip


def keep(connection: Connection, entries: list[Entry]) -> None:
    """Write entries as they are, in the caller's transaction."""
    if not entries:
        return
    # Inline: the portal's role may not read what it notes.
    connection.execute(insert(rows_of).inline(), [_row(one) for one in entries])
    waiting = _waiting(connection)
    waiting.extend({"entry": one.as_json()} for one in entries)


def _row(entry: Entry) -> dict[str, Any]:
    """Return the entry as the database keeps it: rows that are many or large are left out."""
    small = {name: value for name, value in entry.detail.items() if name != "rows"}
    return entry.__dict__ | ({"detail": small} if _large(entry.detail.get("rows", [])) else {})


def _large(held: journal_rows.Packed) -> bool:
    size = 0
    for row in (row for _table, _columns, rows in held for row in rows):
        size += sum(len(text) for text in row if isinstance(text, str))
        if size > _LARGE:
            return True
    return False


def _waiting(connection: Connection) -> list[dict[str, Any]]:
    """Return the lines to be written before this connection's next commit."""
    if connection not in _pending:
        _pending[connection] = []
        event.listen(connection, "commit", _write)
        event.listen(connection, "rollback", _forget)
    return _pending[connection]


def _write(connection: Connection) -> None:
    lines = _pending[connection]
    if lines:
        journal_file.append(lines, seoul_day(datetime.fromisoformat(lines[-1]["entry"]["at"])))
        lines.clear()


def _forget(connection: Connection) -> None:
    _pending[connection].clear()


def since(connection: Connection, at: datetime) -> tuple[Entry, ...]:
    """Return the entries of the database since `at`, as `portal_work`; most without their rows."""
    found = connection.execute(select(rows_of).where(rows_of.c.at >= at).order_by(rows_of.c.at))
    return tuple(_entry(row) for row in found)


def _entry(row: Any) -> Entry:  # noqa: ANN401 (a row)
    return Entry(row.entry_id, row.at, Noted(row.kind), row.member_id, row.detail)


def settle(connection: Connection, now: datetime) -> bool:
    """Bring file and database together, and let go what is older than any backup.

    Rows without a line (a process on another machine noted them) are written down here; each line
    is said to have happened, or never to. Return False, and judge nothing, when the database knows
    less than it did: it was put back by other means than `restore`, or is a new one.
    """
    here = journal_file.read()
    if here is None:
        return True
    today = seoul_day(now)
    done = set(connection.scalars(select(rows_of.c.entry_id).where(rows_of.c.at >= now - KEPT)))
    _write_down(connection, done - here.places.keys(), today)
    _say(done - here.done, "done", today)
    _drop_rows(connection, done)
    sound = not _forgotten(here, done, now)
    if sound:
        _say(_never(here, done, now), "undone", today)
    else:
        _log.error("the data is older than its journal: restore a backup of it, or ask who did")
    connection.execute(delete(rows_of).where(rows_of.c.at < now - KEPT))
    journal_file.prune(seoul_day(now - KEPT))
    return sound


def never(entries: set[UUID], now: datetime) -> None:
    """Say of entries that they never happened."""
    _say(entries, "undone", seoul_day(now))


def _some(entries: set[UUID]) -> Iterator[list[UUID]]:
    left = iter(sorted(entries))
    while batch := list(islice(left, _AT_ONCE)):
        yield batch


def _write_down(connection: Connection, missing: set[UUID], today: date) -> None:
    for some in _some(missing):
        found = connection.execute(select(rows_of).where(rows_of.c.entry_id.in_(some)))
        journal_file.append([{"entry": _entry(row).as_json()} for row in found], today)


def _say(entries: set[UUID], what: Literal["done", "undone"], today: date) -> None:
    for some in _some(entries):
        journal_file.append([{what: [str(one) for one in some]}], today)


def _drop_rows(connection: Connection, done: set[UUID]) -> None:
    """Keep carried rows in the files alone: they are in this machine's by now."""
    carried = rows_of.c.detail.has_key("rows")
    found = connection.scalars(select(rows_of.c.entry_id).where(carried)).all()
    for some in _some(done.intersection(found)):
        connection.execute(
            update(rows_of)
            .where(rows_of.c.entry_id.in_(some))
            .values(detail=rows_of.c.detail.op("-")(literal("rows", Text)))
        )


def _forgotten(here: Journal, done: set[UUID], now: datetime) -> bool:
    """Return whether the database knew an entry once that it doesn't know any more."""
    young = (one for one in here.done - done if one in here.places)
    return any(here.places[one].at > now - KEPT + _DAY for one in young)


def _never(here: Journal, done: set[UUID], now: datetime) -> set[UUID]:
    """Return the entries whose transaction is over by now and left nothing."""
    open_ones = here.places.keys() - done - here.done - here.undone
    return {one for one in open_ones if now - KEPT < here.places[one].at <= now - _SURE}
