"""A member's bar on joining again, on their own page: why, until when, and the way to object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from db.words import Purpose
from pages.components import acting, said
from pages.components.fragment import draw
from pages.components.text import _, language
from services import access, bar_words, bars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.access import Look
    from services.actor import Actor
    from services.bars import Bar
    from services.policies import Contact


def panel(actor: Actor, one: Bar, agencies: Sequence[Contact], look: Look) -> None:
    """Draw the bar, and the button that objects to it as long as nobody has."""
    draw("bar_mine.html", agencies=agencies, child=actor.for_child, **_words(one))
    if one.objected_at is None and st.button(
        _("Object to the bar on joining again"), key=acting.keyed("object_bar")
    ):
        with access.open(actor, actor.subject_id, Purpose.SHOW, look=look) as subject:
            bars.object_to(subject, one.bar_id)
        said.say(_("We have your objection. It is looked at again, and answered within 10 days."))


def after_leaving(one: Bar) -> None:
    """Draw the bar of somebody who left: they object by telling us its number."""
    draw("bar_left.html", **_words(one))


def _words(one: Bar) -> dict[str, object]:
    return {
        "one": one,
        "number": bar_words.number(one.bar_id),
        "why": bar_words.why(language(), one.why),
        "kept": bar_words.kept(language(), one.kept_why) if one.kept_why else None,
        "known": bar_words.known_by(language(), one.known_by or ()),
    }
