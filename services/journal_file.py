"""The journal's files: one or more a process, JSON lines, each chained to the one before.

They lie in `var/journal`, outside everything that a restore puts back. A line is on disk when
`append` returns. The chain shows a line that was changed, dropped or added; only the last line of a
file may be torn, since a torn one was never followed by its commit.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from db.errors import PortalError
from db.words import N_

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

FOLDER: Final = "journal"
_START: Final = "0" * 64
_LARGE: Final = 1_000_000  # characters; a file is removed whole, so it must end some time


class JournalError(PortalError):
    """The journal's files were changed, or can't be read or written."""


@dataclass
class _Own:
    """The file that one process writes."""

    folder: Path
    name: str = field(default_factory=lambda: secrets.token_hex(4))
    last: str = _START
    size: int = 0

    def begin_anew(self) -> None:
        """Go on in another file."""
        self.name, self.last, self.size = secrets.token_hex(4), _START, 0


@dataclass(frozen=True)
class Journal:
    """What the files say: entries in order, those that never happened, how far that is known."""

    entries: tuple[dict[str, Any], ...]
    undone: frozenset[str]
    settled: str | None


_own: list[_Own] = []
_lock = threading.Lock()


def open_in(var: Path) -> None:
    """Let this process write its journal below `var`; until then it writes none."""
    folder = var / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _own[:] = [_Own(folder)]


def close() -> None:
    """Stop writing (tests)."""
    _own.clear()


def _chained(last: str, line: dict[str, Any]) -> tuple[str, str]:
    """Return the text of a line and its hash."""
    body = json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(f"{last}{body}".encode()).hexdigest()
    return json.dumps({"hash": digest, "line": line}, ensure_ascii=False) + "\n", digest


def append(lines: Iterable[dict[str, Any]]) -> None:
    """Write lines and wait for the disk. Raise `JournalError` when that fails."""
    if not _own:
        return
    own = _own[0]
    with _lock:
        if own.size > _LARGE:
            own.begin_anew()
        text, last = "", own.last
        for line in lines:
            one, last = _chained(last, line)
            text += one
        try:
            _flush(own.folder / f"{own.name}.jsonl", text)
        except OSError:
            # A part of it may stand there; what follows goes to another file.
            own.begin_anew()
            raise JournalError(N_("The journal can't be written.")) from None
        own.last, own.size = last, own.size + len(text)


def _flush(path: Path, text: str) -> None:
    fresh = not path.exists()
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, text.encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    if fresh:
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def read() -> Journal | None:
    """Return this process's journal folder, all processes' files; None where none is written."""
    return read_folder(_own[0].folder) if _own else None


def read_folder(folder: Path) -> Journal:
    """Return what the files of a folder say. Raise `JournalError` for a broken chain."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in _lines(path)]
    entries = {line["entry"]["entry_id"]: line["entry"] for line in lines if "entry" in line}
    settled = max((line["settled"] for line in lines if "settled" in line), default=None)
    undone = frozenset(line["undone"] for line in lines if "undone" in line)
    ordered = sorted(entries.values(), key=lambda entry: entry["at"])
    return Journal(tuple(ordered), undone, settled)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    pieces = path.read_bytes().split(b"\n")
    last = _START
    for piece in pieces[:-1]:  # what follows the last line's end is torn
        try:
            held = json.loads(piece)
            _text, last = _chained(last, held["line"])
            sound = held["hash"] == last
        except (ValueError, KeyError, TypeError):
            sound, held = False, {}
        if not sound:
            raise JournalError(N_("The journal's file {file} was changed."), file=path.name)
        yield held["line"]


def prune(before: datetime) -> None:
    """Remove files that were last written before then; this process's own stays."""
    for path in _own[0].folder.glob("*.jsonl") if _own else ():
        if path.stem != _own[0].name and path.stat().st_mtime < before.timestamp():
            path.unlink()
