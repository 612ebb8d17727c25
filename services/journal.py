"""Notes what a restore must do again: destructions, clearings, consents, moves, holds.

An entry is a row of `ops.journal` in the transaction that does the thing, and a line of a file
outside the database, flushed to disk **before** that transaction commits (`services/journal_file`).
So whatever was committed is in the file, however the machine dies, as long as the file's disk
lives. The reverse can happen: a line whose transaction never committed. The daily run marks those
(`settle`); a restore does the ones after its last mark only where that protects the member.

No restore reads it yet.

Ids and words only, never a value: what was corrected can't be corrected again by a restore, which
stops the use of the old value instead.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4
from weakref import WeakKeyDictionary

from sqlalchemy import delete, event, insert, select

from db.tables.keeping import journal as rows
from db.words import Noted
from services import journal_file

if TYPE_CHECKING:
    from sqlalchemy import Connection

KEPT: Final = timedelta(days=35)
"""How long entries are kept: longer than any backup of data, which lives 30 days at most."""
_SURE: Final = timedelta(minutes=10)
"""A transaction that noted something has committed, or never will, after this time."""
_pending: WeakKeyDictionary[Connection, list[dict[str, Any]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Entry:
    """One thing that was done."""

    entry_id: UUID
    at: datetime
    kind: Noted
    member_id: UUID | None
    detail: dict[str, Any]

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
    connection: Connection, kind: Noted, member_id: UUID | None, at: datetime, /, **ids: object
) -> None:
    """Note one thing in the caller's transaction, as either role. `ids`: ids, days and words."""
    detail = json.loads(json.dumps({k: _plain(v) for k, v in ids.items()}))
    entry = Entry(uuid4(), at, kind, member_id, detail)
    # Inline: the portal's role may not read what it notes.
    statement = insert(rows).inline().values(
        entry_id=entry.entry_id, at=at, kind=kind, member_id=member_id, detail=detail
    )  # fmt: skip
    connection.execute(statement)
    _waiting(connection).append({"entry": entry.as_json()})


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
        journal_file.append(lines)
        lines.clear()


def _forget(connection: Connection) -> None:
    _pending[connection].clear()


def since(connection: Connection, at: datetime) -> tuple[Entry, ...]:
    """Return the committed entries of the database since `at`, as `portal_work`."""
    found = connection.execute(select(rows).where(rows.c.at >= at).order_by(rows.c.at)).mappings()
    return tuple(Entry(r["entry_id"], r["at"], Noted(r["kind"]), r["member_id"], r["detail"])
                 for r in found)  # fmt: skip


def settle(connection: Connection, now: datetime) -> None:
    """Bring file and database together, and let go what is older than any backup.

    Lines without a row are marked as never done; rows without a line (a process on another
    machine noted them) are written down here.
    """
    here = journal_file.read()
    if here is None:
        return
    sure = now - _SURE
    done = {entry.entry_id: entry for entry in since(connection, now - KEPT) if entry.at <= sure}
    known = {UUID(line["entry_id"]) for line in here.entries}
    gone = [
        line["entry_id"] for line in here.entries
        if now - KEPT < datetime.fromisoformat(line["at"]) <= sure
        and UUID(line["entry_id"]) not in done and line["entry_id"] not in here.undone
    ]  # fmt: skip
    fresh = [{"entry": e.as_json()} for key, e in done.items() if key not in known]
    lines = [*fresh, *({"undone": one} for one in gone), {"settled": sure.isoformat()}]
    journal_file.append(lines)
    connection.execute(delete(rows).where(rows.c.at < now - KEPT))
    journal_file.prune(now - KEPT)
