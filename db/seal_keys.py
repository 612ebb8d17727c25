"""The key pair that signs the ledger's seals: two files beside the stores' keys.

`seal.key` (0600) is the worker's alone. `seal.pub` is no secret: the portal reads it, and anybody
who checks a proof needs it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from db import keyring, sealing
from db.words import N_

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE = "seal.key"
PUBLIC = "seal.pub"


@dataclass(frozen=True)
class Verifier:
    """The public half: 32 bytes."""

    public: bytes

    @property
    def key_id(self) -> str:
        """Return the first 16 hex digits of the key's SHA-256."""
        return hashlib.sha256(self.public).hexdigest()[:16]

    def signed(self, statement: bytes, signature: bytes) -> bool:
        """Return whether this key signed `statement`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, statement)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """The private half, and the public one that belongs to it."""

    verifier: Verifier
    _key: Ed25519PrivateKey = field(repr=False)

    def sign(self, statement: bytes) -> bytes:
        """Return the signature, 64 bytes."""
        return self._key.sign(statement)


def _pair(private: bytes) -> Signer:
    key = Ed25519PrivateKey.from_private_bytes(private)
    return Signer(Verifier(key.public_key().public_bytes_raw()), key)


def create(folder: Path) -> None:
    """Make the two files that are absent. Only an installation without seals may do this."""
    private = keyring.private_file(folder / PRIVATE, sealing.new_key())
    public = folder / PUBLIC
    keyring.private_file(public, f"{_pair(private).verifier.public.hex()}\n".encode())
    public.chmod(0o644)


def parse(text: str, name: str) -> Verifier:
    """Return the public key written in `text`. Raise `KeyringError` naming a bad file."""
    try:
        public = bytes.fromhex(text)
    except ValueError:
        public = b""
    if len(public) != sealing.KEY_BYTES:
        raise keyring.KeyringError(
            N_("The file {file} is damaged: it must hold a public key of 64 hex digits."), file=name
        )
    return Verifier(public)


def verifier(path: Path) -> Verifier:
    """Return the public key of the file `path`. Raise `KeyringError` naming a bad file."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        raise keyring.KeyringError(
            N_("The key file {file} is missing or can't be read."), file=path.name
        ) from None
    return parse(text, path.name)


def signer(folder: Path) -> Signer:
    """Return what signs seals. Raise `KeyringError` for a file that is missing, damaged or odd."""
    found = _pair(keyring.read(folder / PRIVATE))
    if found.verifier != verifier(folder / PUBLIC):
        raise keyring.KeyringError(
            N_("The key files {private} and {public} don't belong together."),
            private=PRIVATE,
            public=PUBLIC,
        )
    return found
