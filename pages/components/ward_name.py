"""What a child is called, for whoever acts for it to tell children apart.

Each look at a child's name is noted in its ledger, so that a tab looks once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.words import Purpose
from pages.components import gate
from services import access, family
from services.actor import Permission
from services.ledger import EventName

if TYPE_CHECKING:
    from uuid import UUID

    from services.actor import Actor

_LOOK: Final = access.Look(
    EventName.FAMILY_VIEWED, Permission.PROFILE_READ, "/family", ("nickname",)
)


def of(actor: Actor, child: UUID) -> str | None:
    """Return it, from this tab or by one look. Raise `AccessDenied` for who may not."""
    known: dict[UUID, str | None] = st.session_state.setdefault(gate.NAMES, {})
    if child not in known:
        with access.open(actor, child, Purpose.SHOW, look=_LOOK) as subject:
            known[child] = family.nickname(subject)
    return known[child]


def note(child: UUID, nickname: str | None) -> None:
    """Keep what a page has just read of it anyway."""
    st.session_state.setdefault(gate.NAMES, {})[child] = nickname


def forget() -> None:
    """Look again: it may have been changed."""
    st.session_state.pop(gate.NAMES, None)
