"""The journal's files: JSON lines, each chained to the one before; a file for a process and a day.

Their names begin with the day. They lie in `var/journal`, outside everything that a restore puts
back. A line is on disk when `append` returns. The chain shows a line that was changed, dropped or
added; only the last line of a file may be torn, since a torn one was never followed by its commit.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from db.errors import PortalError
from db.words import N_

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from pathlib import Path

FOLDER: Final = "journal"
_START: Final = "0" * 64
_LARGE: Final = 1_000_000  # characters; a file is removed whole, so it must end some time


class JournalError(PortalError):
    """The journal's files were changed, or can't be read or written."""


@dataclass
class _Own:
    """The file that one process writes, and of which day it is."""

    folder: Path
    process: int = 0
    day: date | None = None
    name: str = ""
    last: str = _START
    size: int = 0

    def begin_anew(self, day: date) -> None:
        """Go on in another file."""
        self.process, self.day = os.getpid(), day
        self.name = f"{day.isoformat()}-{secrets.token_hex(8)}"
        self.last, self.size = _START, 0

    def goes_on(self, day: date) -> bool:
        """Return whether lines of `day` belong into the file as well."""
        return self.size <= _LARGE and self.day == day and self.process == os.getpid()

    @property
    def path(self) -> Path:
        """Return where the file is."""
        return self.folder / f"{self.name}.jsonl"


class Place(NamedTuple):
    """Where an entry stands, so that it is read when it is needed; `order`: among its file's."""

    at: datetime
    path: Path
    order: int
    offset: int
    size: int


@dataclass(frozen=True)
class Journal:
    """What the files say: where each entry is, which happened and which never did."""

    places: dict[UUID, Place] = field(default_factory=dict)
    done: set[UUID] = field(default_factory=set)
    undone: set[UUID] = field(default_factory=set)


_own: list[_Own] = []
_lock = threading.Lock()


def open_in(var: Path) -> None:
    """Let this process write its journal below `var`; until then it writes none."""
    folder = var / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _own or _own[0].folder != folder:
        _own[:] = [_Own(folder)]


def close() -> None:
    """Stop writing (tests)."""
    _own.clear()


def _chained(last: str, line: dict[str, Any]) -> tuple[str, str]:
    """Return the text of a line and its hash."""
    body = json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(f"{last}{body}".encode()).hexdigest()
    return f'{{"hash": "{digest}", "line": {body}}}\n', digest


def append(lines: Iterable[dict[str, Any]], day: date) -> None:
    """Write lines of a day and wait for the disk. Raise `JournalError` when that fails."""
    if not _own:
        return
    own = _own[0]
    with _lock:
        if not own.goes_on(day):
            own.begin_anew(day)
        text, last = "", own.last
        for line in lines:
            one, last = _chained(last, line)
            text += one
        try:
            _flush(own.path, text)
        except OSError:
            # A part of it may stand there; what follows goes to another file.
            own.begin_anew(day)
            message = N_(
                "This can't be kept safely just now. Nothing was changed; try again later."
            )
            raise JournalError(message) from None
        own.last, own.size = last, own.size + len(text)


def _flush(path: Path, text: str) -> None:
    fresh = not path.exists()
    with open(path, "ab", opener=_private) as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
    if fresh:
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def read() -> Journal | None:
    """Return this process's journal folder, all processes' files; None where none is written."""
    return read_folder(_own[0].folder) if _own else None


def read_folder(folder: Path) -> Journal:
    """Return what the files of a folder say. Raise `JournalError` for a broken chain."""
    found = Journal()
    for path in sorted(folder.glob("*.jsonl")):
        for order, (offset, size, line) in enumerate(_lines(path)):
            if entry := line.get("entry"):
                at = datetime.fromisoformat(entry["at"])
                place = Place(at, path, order, offset, size)
                # Of two copies the larger one has its rows.
                known = found.places.get(UUID(entry["entry_id"]), place)
                found.places[UUID(entry["entry_id"])] = max(place, known, key=lambda p: p.size)
            found.done.update(UUID(one) for one in line.get("done", ()))
            found.undone.update(UUID(one) for one in line.get("undone", ()))
    found.undone.difference_update(found.done)
    return found


def entry_at(place: Place) -> dict[str, Any]:
    """Return the entry that stands at a place, as its line has it."""
    with place.path.open("rb") as file:
        file.seek(place.offset)
        line: dict[str, Any] = json.loads(file.read(place.size))["line"]["entry"]
    return line


def _lines(path: Path) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Give offset, size and content of each line, its chain checked."""
    last, offset = _START, 0
    with path.open("rb") as file:
        for piece in file:
            if not piece.endswith(b"\n"):
                return  # torn
            try:
                held = json.loads(piece)
                _text, last = _chained(last, held["line"])
                sound = held["hash"] == last
            except (ValueError, KeyError, TypeError):
                sound, held = False, {}
            if not sound:
                raise JournalError(N_("The journal's file {file} was changed."), file=path.name)
            yield offset, len(piece), held["line"]
            offset += len(piece)


def prune(before: date) -> None:
    """Remove the files of days before that one: nobody writes them any more."""
    for path in _own[0].folder.glob("*.jsonl") if _own else ():
        if path.name < before.isoformat():
            path.unlink()
            if path == _own[0].path:
                _own[0].day = None
