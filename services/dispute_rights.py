"""Who decides disputes about who acts for a child, where, and for what: an officer alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from db.words import N_, Purpose
from services import access
from services.actor import AccessDenied, Permission, page_opens
from services.ledger import EventName

if TYPE_CHECKING:
    from services.actor import Actor

PAGE: Final = "/desk-officer"
FEWEST_WORDS: Final = 10
VIEWING: Final = access.Look(EventName.DISPUTE_VIEWED, Permission.DISPUTE_DECIDE, PAGE, folds=False)
PURPOSE: Final = Purpose.COMPLAINTS


def officer(actor: Actor) -> None:
    """Raise `AccessDenied` for anybody but an officer."""
    if not page_opens(Permission.DISPUTE_DECIDE, actor):
        raise AccessDenied(N_("This page is not open to you."))
