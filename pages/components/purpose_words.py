"""What a purpose is called: the policy's own words, in this browser's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pages.components.text import language

if TYPE_CHECKING:
    from db.policy import Policy
    from db.words import Purpose


def purpose_words(purpose: Purpose | str | None, policy: Policy) -> str:
    """Return the name of a purpose, nothing for one that the policy doesn't name."""
    uses = (use for group in policy.purposes for use in group.uses)
    return next((getattr(use.name, language()) for use in uses if use.id == purpose), "")
