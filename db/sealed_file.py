"""A large file sealed in chunks, written as a stream and read from anywhere.

AES-256-GCM under a key of the file's own, in the way that is known as STREAM: each chunk's nonce
is its number and whether it is the last, so that none can be changed, dropped, added or put
elsewhere, and a file that ends too early is noticed. Chunks are of one size, so that any range of
bytes is read by opening the few that hold it. The file is bound to what it belongs to.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from io import RawIOBase
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from db.sealing import SealError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO
    from uuid import UUID

    from typing_extensions import Buffer

CHUNK: Final = 128 * 1024
_MAGIC: Final = b"jikim sealed 1\n"
_TAG: Final = 16


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


class Sink(RawIOBase):
    """Where the plain bytes are written; knows how many there were, and their SHA-256."""

    def __init__(self, file: BinaryIO, key: bytes, owner: UUID) -> None:
        """Take the open file and a key that seals nothing else."""
        super().__init__()
        self._file, self._cipher, self._owner = file, AESGCM(key), owner.bytes
        self._number, self._held = 0, bytearray()
        self._hash = hashlib.sha256()
        self._given_up = False
        self.size = 0
        file.write(_MAGIC)

    @property
    def sha256(self) -> bytes:
        """Return the digest of what was written so far."""
        return self._hash.digest()

    def writable(self) -> bool:
        """Return True: it takes bytes, and gives none back."""
        return True

    def write(self, plain: Buffer, /) -> int:
        """Seal what is full, keep the rest; the last chunk is written by `end`."""
        piece = memoryview(plain).cast("B")
        if self._given_up:
            return len(piece)
        self._hash.update(piece)
        self._held += piece
        self.size += len(piece)
        while len(self._held) > CHUNK:
            self._put(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]
        return len(piece)

    def end(self) -> None:
        """Write the last chunk, full or not: without it the file is no whole one."""
        self._put(bytes(self._held), last=True)
        self._held.clear()

    def give_up(self) -> None:
        """Let what is still written go nowhere: a writer that failed may tidy up after itself."""
        self._given_up = True

    def _put(self, plain: bytes, *, last: bool) -> None:
        nonce = _nonce(self._number, last=last)
        self._file.write(self._cipher.encrypt(nonce, plain, self._owner))
        self._number += 1


def draft(path: Path) -> Path:
    """Return where a file stands until it is whole."""
    return path.with_name(f"{path.name}.new")


@contextmanager
def writing(path: Path, key: bytes, owner: UUID) -> Iterator[Sink]:
    """Write a file, whole or not at all: it takes its place when everything is on disk.

    Raise `OSError` when the disk is full or away.
    """
    new = draft(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new.unlink(missing_ok=True)
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            sink = Sink(file, key, owner)
            try:
                yield sink
                sink.end()
            except BaseException:
                sink.give_up()
                raise
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        _sync(path.parent)
    finally:
        new.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(path: Path) -> None:
    """Remove a file and what was to become it. Raise `OSError` when the folder is away."""
    path.unlink(missing_ok=True)
    draft(path).unlink(missing_ok=True)
    if path.parent.is_dir():
        _sync(path.parent)


def opened(path: Path, size: int) -> BinaryIO:
    """Open a file that must hold `size` plain bytes. Raise `OSError` or `SealError`."""
    file = path.open("rb")
    chunks = _chunks(size)
    if file.read(len(_MAGIC)) != _MAGIC or os.fstat(file.fileno()).st_size != (
        len(_MAGIC) + size + chunks * _TAG
    ):
        file.close()
        raise SealError
    return file


def _chunks(size: int) -> int:
    return max(1, -(-size // CHUNK))


def read(
    file: BinaryIO, key: bytes, owner: UUID, size: int, start: int, end: int
) -> Iterator[bytes]:
    """Give the plain bytes from `start` to before `end`, then close the file.

    Each chunk is checked before it is given. Raise `SealError` for one that is not as it was
    written, or another file's.
    """
    cipher, last = AESGCM(key), _chunks(size) - 1
    with file:
        number = start // CHUNK
        file.seek(len(_MAGIC) + number * (CHUNK + _TAG))
        while start < end:
            sealed = file.read(CHUNK + _TAG)
            try:
                plain = cipher.decrypt(_nonce(number, last=number == last), sealed, owner.bytes)
            except (InvalidTag, ValueError):
                raise SealError from None
            first = start - number * CHUNK
            piece = plain[first : first + end - start]
            if not piece:
                raise SealError
            yield piece
            start, number = start + len(piece), number + 1
