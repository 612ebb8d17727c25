"""A backup as a file: a header in the clear, then what PostgreSQL's tool said, encrypted.

AES-256-GCM over chunks, in the way that is known as STREAM: each chunk's nonce is its number and
whether it is the last, so that none can be changed, dropped, added or put elsewhere, and a file
that ends too early is noticed. The header is bound to the file's key. Only a chunk at a time is in
memory, however large the file.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from db.errors import PortalError
from db.words import N_

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from db.backup_keys import BackupKey

CHUNK: Final = 256 * 1024
_MAGIC: Final = b"jikim backup "
_VERSION: Final = b"1\n"
_SALT: Final = 32
_TAG: Final = 16
_LONGEST_HEADER: Final = 10_000


class BackupError(PortalError):
    """A backup can't be made or read; the sentence says why."""


class What(StrEnum):
    """Which of the two databases a backup is of. No file holds both."""

    DATA = "data"
    KEYS = "keys"


@dataclass(frozen=True)
class Header:
    """What a backup says of itself. `keep_until`: it is to be gone by then; None: by the next."""

    what: What
    backup_id: UUID
    made_at: datetime
    keep_until: datetime | None
    key_id: str
    postgres: int
    revision: str

    def as_bytes(self) -> bytes:
        """Return the header as the file has it."""
        plain = {k: v if isinstance(v, int | None) else str(v) for k, v in self.__dict__.items()}
        return json.dumps(plain, sort_keys=True).encode()


def _header(found: bytes) -> Header:
    plain: dict[str, Any] = json.loads(found)
    plain["what"], plain["backup_id"] = What(plain["what"]), UUID(plain["backup_id"])
    for name in ("made_at", "keep_until"):
        plain[name] = datetime.fromisoformat(plain[name]) if plain[name] else None
    return Header(**plain)


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def is_draft(path: Path) -> bool:
    """Return whether a file is one that `write` did not come to the end of."""
    return path.name.startswith(".") and path.suffix == ".new"


def write(path: Path, header: Header, key: BackupKey, plain: Iterable[bytes]) -> None:
    """Write a backup, whole or not at all: it takes its place when everything is on disk."""
    draft = _draft(path)
    try:
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            _encrypt(file, header, key, plain)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync(path.parent)
    except OSError as error:
        message = N_("The backup {file} can't be written: {reason}")
        raise BackupError(message, file=path, reason=error.strerror) from None
    finally:
        draft.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def _encrypt(file: BinaryIO, header: Header, key: BackupKey, plain: Iterable[bytes]) -> None:
    said, salt = header.as_bytes(), secrets.token_bytes(_SALT)
    file.write(_MAGIC + _VERSION + len(said).to_bytes(4) + said + salt)
    cipher, number, held = AESGCM(key.of_file(salt, said)), 0, bytearray()
    for piece in plain:
        held += piece
        while len(held) > CHUNK:  # the last one is written below, full or not
            file.write(cipher.encrypt(_nonce(number, last=False), bytes(held[:CHUNK]), None))
            del held[:CHUNK]
            number += 1
    file.write(cipher.encrypt(_nonce(number, last=True), bytes(held), None))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


def header_of(path: Path) -> Header:
    """Return what a file says of itself, which only `read` proves. Raise `BackupError`."""
    with _opened(path) as file:
        return _header(_said(path, file))


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        message = N_("The backup {file} can't be read: {reason}")
        raise BackupError(message, file=path, reason=error.strerror) from None


def _said(path: Path, file: BinaryIO) -> bytes:
    """Return the header's bytes, of a form that this version knows."""
    magic = file.read(len(_MAGIC) + len(_VERSION))
    if not magic.startswith(_MAGIC):
        raise BackupError(N_("The file {file} is no backup of this portal."), file=path)
    if magic[len(_MAGIC) :] != _VERSION:
        raise BackupError(
            N_("The backup {file} was made by another version of the portal."), file=path
        )
    size = int.from_bytes(file.read(4))
    said = file.read(size) if size <= _LONGEST_HEADER else b""
    try:
        _header(said)
    except (ValueError, KeyError, TypeError):
        raise _broken(path) from None
    return said


def _broken(path: Path) -> BackupError:
    return BackupError(N_("The backup {file} is incomplete, damaged or was changed."), file=path)


def read(path: Path, key: BackupKey) -> Iterator[bytes]:
    """Give the plain bytes, each chunk checked before it is given.

    Raise `BackupError` for another key's file, and as soon as something is not as it was written;
    what came before was right but may not be all: read to the end before believing it.
    """
    with _opened(path) as file:
        said = _said(path, file)
        if _header(said).key_id != key.key_id:
            raise BackupError(
                N_("The backup {file} was made with another key than var/keys/{name} is."),
                file=path, name="backup.key",
            )  # fmt: skip
        cipher = AESGCM(key.of_file(file.read(_SALT), said))
        number, chunk = 0, file.read(CHUNK + _TAG)
        while True:
            following = file.read(CHUNK + _TAG)
            try:
                yield cipher.decrypt(_nonce(number, last=not following), chunk, None)
            except (InvalidTag, ValueError):
                raise _broken(path) from None
            if not following:
                return
            number, chunk = number + 1, following


def check(path: Path, key: BackupKey) -> Header:
    """Read a file to its end and return its header, proved. Raise `BackupError`."""
    header = header_of(path)
    for _chunk in read(path, key):
        pass
    return header
