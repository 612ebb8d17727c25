"""Offers to move what a parent's own record says about a baby to the child's account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.declarations import ITEMS
from db.errors import PortalError
from db.words import Purpose
from pages.components import said, sign_in_panel
from pages.components.fragment import draw
from pages.components.text import _
from services import access, ward_moving
from services.actor import AccessDenied, Permission, StepUpRequired
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from services.actor import Actor
    from services.family import Family
    from services.ward_moving import Match

_OFFER: Final = "jk_family_offer"
_VIEW: Final = access.Look(EventName.FAMILY_VIEWED, Permission.FAMILY_READ, "/family")
_MOVE: Final = access.Look(EventName.WARD_MOVED, Permission.PROFILE_CORRECT, "/family", folds=False)


def offer(child: UUID) -> None:
    """Offer it on the next run."""
    st.session_state[_OFFER] = child


def _away() -> None:
    st.session_state.pop(_OFFER, None)


def panel(actor: Actor, found: Family) -> None:
    """Draw what would go and what would come, before anything does."""
    child: UUID | None = st.session_state.get(_OFFER)
    if child is None or not found.babies:
        return
    if child not in {one.member_id for one in found.wards if one.acts}:
        _away()
        return
    with access.open(actor, actor.person, Purpose.SHOW, look=_VIEW) as subject:
        match = ward_moving.find(subject, child)
    draw("family_move.html", lines=_before(match) if match else ())
    with st.container(horizontal=True):
        st.button(_("Leave it as it is"), key="move_leave", on_click=_away)
        if match is None:
            return
        if not actor.verified:
            if st.button(_("Confirm that it is me, then move it"), key="move", type="primary"):
                sign_in_panel.ask_verification({})
        elif st.button(_("Move it to the child"), key="move", type="primary"):
            _move(actor, child)


def _named(items: Iterable[str]) -> str:
    return ", ".join(_(ITEMS[name].label) for name in items)


def _before(match: Match) -> list[str]:
    lines = [
        _("Leaves your record, and can't be brought back there: {items}",
          items=_named(match.items))
    ]  # fmt: skip
    if match.follows:
        lines.append(_("What was derived from it goes, too: {items}", items=_named(match.follows)))
    if match.sets:
        lines.append(
            _("Is set in the child's record, with where it came from and when: {items}",
              items=_named(match.sets))
        )  # fmt: skip
    else:
        lines.append(_("The child's record has it already, so nothing changes there."))
    return lines


def _move(actor: Actor, child: UUID) -> None:
    try:
        with access.open(actor, actor.person, Purpose.CORRECT, look=_MOVE) as subject:
            match = ward_moving.move(subject, child)
    except (AccessDenied, StepUpRequired):
        raise
    except PortalError as error:
        draw("problem.html", text=_(error.message, **error.params))
        return
    _away()
    said.say(
        _("Moved. Gone from your record: {items}.", items=_named((*match.items, *match.follows)))
        + " "
        + (_("Set in the child's record: {items}.", items=_named(match.sets)) if match.sets
           else _("The child's record had it already."))
    )  # fmt: skip
