"""Which policy was in force when, and until when a record is kept by it (clause 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from datetime import date

    from db.keyring import Keyring
    from db.policy import Policy
    from db.words import RecordKind


@dataclass(frozen=True)
class Rules:
    """The policy's versions, the oldest first."""

    versions: tuple[Policy, ...]

    def _on(self, day: date) -> Policy | None:
        return next((p for p in reversed(self.versions) if p.in_force_from <= day), None)

    def version_on(self, day: date | None) -> str | None:
        """Return the version in force on a day; None before the first and for an unknown day."""
        policy = self._on(day) if day else None
        return policy.version if policy else None

    def ends_on(self, kind: RecordKind, event_date: date) -> date:
        """Return the last day of keeping; before the first version, by the oldest we have."""
        policy = self._on(event_date) or self.versions[0]
        return policy.rule(kind).ends_on(event_date)


@dataclass(frozen=True)
class Identities:
    """Digests and ids made from the source's keys under our index key: the same at every run."""

    keyring: Keyring
    name: str

    def _digest(self, what: str, key: str) -> bytes:
        # In hex, since a blind index is blind to case and a key is not.
        return self.keyring.blind(
            f"import:{self.name}:{what}", key.encode("utf-8", "surrogatepass").hex()
        )

    def member(self, key: str) -> bytes:
        """Return the digest by which a member of the source is known."""
        return self._digest("", key)

    def row(self, table: str, key: str) -> UUID:
        """Return the id of a row, so that it comes in once."""
        return UUID(bytes=self._digest(table, key)[:16], version=4)
