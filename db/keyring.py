"""The files that hold the stores' keys, apart from every database and every backup of data."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from db import sealing
from db.errors import PortalError
from db.words import N_, Store

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID


class KeyringError(PortalError):
    """A key file is missing or wrong."""


@dataclass(frozen=True)
class Keyring:
    """The keys one process was given. The portal has `live`; the worker has all."""

    stores: dict[Store, bytes]
    index: bytes

    def sealer(self, store: Store, member_id: UUID, wrapped: bytes) -> sealing.Sealer:
        """Return what opens a member's values. Raise `sealing.SealError` without the right key."""
        key = self.stores.get(store)
        if key is None:
            raise sealing.SealError
        return sealing.Sealer(member_id, sealing.unwrap(key, member_id, wrapped))

    def new_sealer(self, store: Store, member_id: UUID) -> tuple[sealing.Sealer, bytes]:
        """Return a sealer under a fresh data key, and that key wrapped for `store`."""
        key = sealing.new_key()
        return sealing.Sealer(member_id, key), sealing.wrap(self.stores[store], member_id, key)

    def new_key(self, store: Store, owner: UUID) -> tuple[bytes, bytes]:
        """Return a fresh key of something other than a member, and it wrapped for `store`."""
        key = sealing.new_key()
        return key, sealing.wrap(self.stores[store], owner, key)

    def key(self, store: Store, owner: UUID, wrapped: bytes) -> bytes:
        """Return a key of `new_key`. Raise `sealing.SealError` without the right store's key."""
        if store not in self.stores:
            raise sealing.SealError
        return sealing.unwrap(self.stores[store], owner, wrapped)

    def rewrap(self, source: Store, target: Store, member_id: UUID, wrapped: bytes) -> bytes:
        """Return a member's data key wrapped for another store; the key itself stays.

        Raise `sealing.SealError` without the right keys.
        """
        if source not in self.stores or target not in self.stores:
            raise sealing.SealError
        key = sealing.unwrap(self.stores[source], member_id, wrapped)
        return sealing.wrap(self.stores[target], member_id, key)

    def blind(self, kind: str, value: str) -> bytes:
        """Return the blind index of a value; see `sealing.blind`."""
        return sealing.blind(self.index, kind, value)

    def __repr__(self) -> str:
        """Name the stores only: a key must not reach a log."""
        return f"Keyring({', '.join(self.stores)})"


def private_file(path: Path, fresh: bytes) -> bytes:
    """Return the bytes of a 0600 file, made with `fresh` when absent; two starters agree."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        file.write(fresh)
        file.flush()
        os.fsync(file.fileno())
    return fresh


def secret_text(path: Path) -> str:
    """Return a random password kept in a 0600 file."""
    return private_file(path, secrets.token_urlsafe(32).encode()).decode()


def read(path: Path) -> bytes:
    """Return the 32 bytes of a key file. Raise `KeyringError` naming a bad file."""
    try:
        key = path.read_bytes()
    except OSError:
        raise KeyringError(
            N_("The key file {file} is missing or can't be read."), file=path.name
        ) from None
    if len(key) != sealing.KEY_BYTES:
        raise KeyringError(
            N_("The key file {file} is damaged: it must hold 32 bytes."), file=path.name
        )
    return key


def fresh(folder: Path, store: Store) -> Path:
    """Return where the key lies that is to take the place of a store's (`services.rotating`)."""
    return folder / f"{store}.next.key"


def take_over(folder: Path, store: Store) -> None:
    """Let the fresh key be the store's; nothing is left of the one before, not in its file either.

    Killed in between and called again, it ends the same: the fresh key waits for its place.
    """
    old = folder / f"{store}.key"
    with old.open("r+b") as file:
        file.write(sealing.new_key())
        file.flush()
        os.fsync(file.fileno())
    fresh(folder, store).replace(old)
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def create(folder: Path) -> None:
    """Make the key files that are absent. Only an empty installation may do this."""
    for name in (*Store, "index"):
        private_file(folder / f"{name}.key", sealing.new_key())


def load(folder: Path, stores: tuple[Store, ...]) -> Keyring:
    """Return the keys of `stores` and the index key. Raise `KeyringError` naming a bad file.

    Also while members' keys are being wrapped anew: each opens with one of two keys only.
    """
    if any(fresh(folder, store).exists() for store in Store):
        raise KeyringError(
            N_("The keys are being changed, or that was broken off. "
               "Let it end, or run it again: python -m services rotate-keys")
        )  # fmt: skip
    return Keyring({s: read(folder / f"{s}.key") for s in stores}, read(folder / "index.key"))
