"""Consents as they stand, and decisions about them: append-only, the last one wins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from services.subject import Subject


@dataclass(frozen=True)
class Decision:
    """A yes or no to one consent: `consent` is its id in the terms, such as `advertising.email`."""

    consent: str
    granted: bool
    recipient: str | None = None
    item: str | None = None


def record(subject: Subject, decision: Decision) -> UUID:
    """Append a decision and return its id."""
    raise NotImplementedError


def advertising_off(subject: Subject) -> tuple[UUID, ...]:
    """Withdraw every consent to advertising that stands, in one action."""
    raise NotImplementedError


def end_for_item(subject: Subject, item: str) -> tuple[UUID, ...]:
    """Withdraw every consent about `item` that stands: collection, sensitive, each recipient's."""
    raise NotImplementedError
