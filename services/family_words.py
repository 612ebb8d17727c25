"""What a guardian agrees to with a link, in exactly the words that are shown and kept (P41)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.words import N_
from services.language import translate

if TYPE_CHECKING:
    from services.language import Language

CONSENT = N_(
    "I am this child's parent, or a court appointed me as its guardian, and I am 19 or older. I "
    "agree that what “My data” lists about the child is held and used as the privacy policy says, "
    "until the child is 14, leaves, or one of us withdraws this."
)
KEPT_ONLY = N_(
    "Kept only, used for nothing: no guardian's consent is on record for this child, who is under "
    "14. As long as that is so, no mail goes out, nothing is given to anybody, and no consent can "
    "be given."
)
KEPT_ONLY_CHILD = N_(
    "Your data is kept safe, but used for nothing yet: you are under 14, and nobody who looks "
    "after you has agreed to it so far. Until then you get no mail from us, and nobody else gets "
    "your data."
)
WHAT_TO_DO_GUARDIAN = N_(
    "Link yourself to the child under “Child · Guardian”, with a code or a document: with the link "
    "you consent, and the data may be used again as the policy says."
)
WHAT_TO_DO_CHILD = N_(
    "Ask your mom, your dad or whoever looks after you to open “Child · Guardian” in their own "
    "account and to link with you there."
)


def consent(language: Language) -> str:
    """Return the words of a guardian's consent."""
    return translate(language, CONSENT)
