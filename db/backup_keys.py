"""The key that encrypts backups: one file beside the stores' keys, and in no backup itself.

Whoever has only a backup has nothing; whoever has this key and a backup of data still lacks each
member's own key, which is in the other database and its backup.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from db import keyring, sealing

if TYPE_CHECKING:
    from pathlib import Path

NAME = "backup.key"


@dataclass(frozen=True)
class BackupKey:
    """The installation's key for backups; each file gets one of its own from it."""

    _key: bytes = field(repr=False)

    @property
    def key_id(self) -> str:
        """Return what names this key in a backup: 16 hex digits that don't tell it."""
        return hashlib.sha256(b"jikim backup key\0" + self._key).hexdigest()[:16]

    def of_file(self, salt: bytes, header: bytes) -> bytes:
        """Return the key of one file, 32 bytes; under another header it is another one."""
        derived = HKDF(algorithm=SHA256(), length=sealing.KEY_BYTES, salt=salt, info=header)
        return derived.derive(self._key)


def create(folder: Path) -> None:
    """Make the file when it is absent. Backups made with a lost one can't be opened any more."""
    keyring.private_file(folder / NAME, sealing.new_key())


def load(folder: Path) -> BackupKey:
    """Return the key. Raise `KeyringError` for a file that is missing or damaged."""
    return BackupKey(keyring.read(folder / NAME))
