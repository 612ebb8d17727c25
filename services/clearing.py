"""Clearing a value (P30; PIPA art. 36): optional ones at once, required ones by a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.correction import Granted
    from services.subject import Subject


def apply(subject: Subject, request: Granted) -> None:
    """Clear what a granted request asked to be cleared; called in the deciding transaction."""
    raise NotImplementedError
