"""The key from which everything said to companies is derived: one file beside the stores' keys.

Companies check our signature with a secret of their own, and confirm a notice with a token of its
own. Nothing of it is stored: a lost file means new secrets for them, never lost data.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from db import keyring, sealing

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

NAME = "company.key"


@dataclass(frozen=True)
class CompanyKeys:
    """What is derived of the installation's key; both roles have it."""

    _key: bytes = field(repr=False)

    def _derived(self, what: str, *parts: str) -> bytes:
        # A part never holds the separator: it is an id of ours or a company's checked one.
        return hmac.digest(self._key, "\0".join((what, *parts)).encode(), "sha256")

    def secret(self, company_id: str, secret_no: int) -> str:
        """Return the secret that signs our notices to a company, 64 hex digits.

        A new number (`company.secret_no`) makes a new secret.
        """
        return self._derived("secret", company_id, str(secret_no)).hex()

    def token(self, dispatch_id: UUID) -> str:
        """Return what confirms one notice; the same at every attempt to send it."""
        digest = self._derived("answer", str(dispatch_id))
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def create(folder: Path) -> None:
    """Make the file when it is absent."""
    keyring.private_file(folder / NAME, sealing.new_key())


def load(folder: Path) -> CompanyKeys:
    """Return the keys. Raise `KeyringError` for a file that is missing or damaged."""
    return CompanyKeys(keyring.read(folder / NAME))
