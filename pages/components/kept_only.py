"""Says that a child's data is kept and used for nothing, why, and what to do about it (P41)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pages.components.fragment import draw_common
from pages.components.text import _
from services import family_words

if TYPE_CHECKING:
    from services.actor import Actor


def box(actor: Actor) -> None:
    """Draw it, for the child itself or for who acts for it."""
    child = actor.acting_for is None
    what = family_words.WHAT_TO_DO_CHILD if child else family_words.WHAT_TO_DO_GUARDIAN
    why = family_words.KEPT_ONLY_CHILD if child else family_words.KEPT_ONLY
    draw_common("kept_only.html", why=_(why), what=_(what))
