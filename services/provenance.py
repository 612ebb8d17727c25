"""How a value came: source, date, service, partner, policy version. None: not recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from db.words import Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


@dataclass(frozen=True)
class Provenance:
    """What is known of how a value was obtained (clause 2.2)."""

    source: Source | None
    obtained_on: date | None
    service: str | None
    partner: str | None
    policy_version: str | None


def of(row: Mapping[Any, Any]) -> Provenance:
    """Return the provenance columns of a row."""
    return Provenance(
        Source(row["source"]) if row["source"] else None,
        row["obtained_on"], row["service"], row["partner"], row["policy_version"],
    )  # fmt: skip
