"""What is said of disputes about who acts for a child, and of guardians who may not."""

from __future__ import annotations

from typing import Final

from db.words import N_, DisputeOutcome, DisputeWhy, SuspensionWhy
from services.language import Language, translate

WHY: Final[dict[DisputeWhy, str]] = {
    DisputeWhy.CUSTODY: N_("Who looks after the child has changed or is being decided"),
    DisputeWhy.NOT_GUARDIAN: N_("Somebody acts as guardian who should not"),
    DisputeWhy.FEAR: N_("Somebody in the family frightens the child, or is frightened"),
    DisputeWhy.OTHER: N_("Something else"),
}
WHY_TO_CHILD: Final[dict[DisputeWhy, str]] = {
    DisputeWhy.CUSTODY: N_("It has changed who looks after me"),
    DisputeWhy.NOT_GUARDIAN: N_("Somebody is my guardian here who should not be"),
    DisputeWhy.FEAR: N_("I am afraid of somebody in my family"),
    DisputeWhy.OTHER: N_("Something else"),
}
OUTCOMES: Final[dict[DisputeOutcome, str]] = {
    DisputeOutcome.KEPT: N_("Everything stays as it is"),
    DisputeOutcome.SUSPENDED: N_("A guardian may not act for a time or for good"),
    DisputeOutcome.ENDED: N_("The link to a guardian ends"),
    DisputeOutcome.GROWN: N_("The child is 14 and decides alone"),
}
DECISIONS: Final = tuple(one for one in OUTCOMES if one is not DisputeOutcome.GROWN)
"""What an officer may decide."""
SUSPENDED: Final[dict[SuspensionWhy, str]] = {
    SuspensionWhy.COURT_ORDER: N_("A court has decided so"),
    SuspensionWhy.REMOVAL: N_("The guardian was removed"),
    SuspensionWhy.CUSTODY_END: N_("Custody has ended"),
    SuspensionWhy.DESK: N_("Our desk has decided so, to protect the child"),
}


def suspended(language: Language, why: str) -> str:
    """Return why a guardian may not act."""
    return translate(language, SUSPENDED[SuspensionWhy(why)])
