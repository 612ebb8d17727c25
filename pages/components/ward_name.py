"""What a child is called, for whoever acts for it to tell children apart.

Each look at a child's name is noted in its ledger, so that a tab looks once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from unicodedata import normalize

import streamlit as st

from db.words import Purpose
from pages.components import acting
from services import access, family
from services.actor import Permission
from services.ledger import EventName

if TYPE_CHECKING:
    from uuid import UUID

    from services.actor import Actor

_MOST: Final = 20
"""Characters of a name that a button still shows with what it does after it."""
_IN_MENU: Final = 10
_HARMLESS: Final = "-'·.…\u200d"

_LOOK: Final = access.Look(
    EventName.FAMILY_VIEWED, Permission.PROFILE_READ, "/family", ("nickname",)
)


def of(actor: Actor, child: UUID) -> str | None:
    """Return it, from this tab or by one look. Raise `AccessDenied` for who may not."""
    known: dict[UUID, str | None] = st.session_state.setdefault(acting.NAMES, {})
    if child not in known:
        with access.open(actor, child, Purpose.SHOW, look=_LOOK) as subject:
            nickname = family.nickname(subject)
        known[child] = nickname and short(nickname)
    return known[child]


def short(name: str) -> str:
    """Return a name as it stands within a sentence or on a button."""
    return name if len(name) <= _MOST else f"{name[:_MOST]}…"


def plain(name: str | None) -> str:
    """Return a name without what Streamlit reads as Markdown, or what turns or hides letters."""
    kept = "".join(
        c if c.isalnum() or c in _HARMLESS else " " for c in normalize("NFC", name or "")
    )
    return " ".join(kept.split())


def in_menu(name: str | None) -> str | None:
    """Return a name as a menu may show it, short and plain; None when nothing is left of it."""
    left = plain(name)
    return (left if len(left) <= _IN_MENU else f"{left[:_IN_MENU]}…") or None


def note(child: UUID, nickname: str | None) -> None:
    """Keep what a page has just read of it anyway."""
    st.session_state.setdefault(acting.NAMES, {})[child] = nickname and short(nickname)


def forget() -> None:
    """Look again: it may have been changed."""
    st.session_state.pop(acting.NAMES, None)
