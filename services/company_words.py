"""What a company is told of a change, and asked to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from db.declarations import ITEMS
from db.words import N_, Change
from services.language import translate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.language import Language

CHANGES: Final[dict[Change, str]] = {
    Change.CORRECTED: N_("Corrected by the person"),
    Change.CLEARED: N_("Removed by the person"),
    Change.CONSENT_GRANTED: N_("Consent given"),
    Change.CONSENT_WITHDRAWN: N_("Consent withdrawn"),
    Change.RESTRICTED: N_("Use stopped"),
    Change.RESTRICTION_LIFTED: N_("Use goes on"),
    Change.DEVICE_REFUSED: N_("Device ID refused"),
    Change.CONTRACT_ENDED: N_("Our contract has ended"),
    Change.LEFT: N_("The person has left"),
}
"""What happened, in few words; the member's pages say it by them, too."""
PLEASE: Final[dict[Change, str]] = {
    Change.CORRECTED: N_("Please correct it, and don't use the old value any more."),
    Change.CLEARED: N_("Please delete it."),
    Change.CONSENT_GRANTED: N_("You may use it again as agreed."),
    Change.CONSENT_WITHDRAWN: N_("Please stop using it and delete it."),
    Change.RESTRICTED: N_("Please don't use it until we write again."),
    Change.RESTRICTION_LIFTED: N_("You may use it again as agreed."),
    Change.DEVICE_REFUSED: N_("Please delete the device ID."),
    Change.CONTRACT_ENDED: N_("Please delete everything you hold for us."),
    Change.LEFT: N_(
        "Please delete what you hold of the person, except where a law says otherwise."
    ),
}
"""What the company is asked to do."""


def said(change: Change, items: Iterable[str], language: Language) -> dict[str, str]:
    """Return a change in words: `items`, `change` and `please`."""
    labels = (translate(language, ITEMS[name].label) for name in items if name in ITEMS)
    return {
        "items": ", ".join(labels),
        "change": translate(language, CHANGES[change]),
        "please": translate(language, PLEASE[change]),
    }
