"""Putting a value right (clause 9; PIPA art. 36): at once, after a link, or after proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from uuid import UUID

    from services.subject import Subject


class Granted(Protocol):
    """A request that was granted: what `requests` keeps of it, opened."""

    @property
    def request_id(self) -> UUID:
        """Return its id."""

    @property
    def item(self) -> str | None:
        """Return the item it is about."""

    @property
    def seq(self) -> int | None:
        """Return which value of a repeated item."""

    @property
    def proposed(self) -> dict[str, str]:
        """Return what was proposed: the new value under "value"."""


def apply(subject: Subject, request: Granted) -> None:
    """Put in what a granted request proposed; called in the deciding transaction."""
    raise NotImplementedError
