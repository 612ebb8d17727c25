"""What is restricted now, in words: since when, how often it kept a use away, how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.declarations import ITEMS
from db.words import RequestState, RestrictionWhy
from pages.components.text import _, _n, language
from services import request_words
from services.language import format_date, format_datetime

if TYPE_CHECKING:
    from uuid import UUID

    from services.restriction import Restriction


@dataclass(frozen=True)
class RestrictionView:
    """One restriction: what, how far, how often it held. `stopped`: the member may let it go on."""

    request_id: UUID | None
    title: str
    state: str
    blocked: str
    last: str
    stopped: bool


def blocked(one: Restriction) -> str:
    """Return "kept away 3 times since 2026. 11. 2.", or that there was nothing to keep away."""
    day = format_date(one.started_at)
    if not one.blocked:
        return _("In force since {day}; nothing had to be kept away yet", day=day)
    return _n(
        "Kept away {n} time since {day}", "Kept away {n} times since {day}", one.blocked, day=day
    )


def view(one: Restriction) -> RestrictionView:
    """Return a restriction as it is drawn."""
    disputed = one.why is RestrictionWhy.DISPUTED
    label = _(ITEMS[one.item].label) if one.item in ITEMS else ""
    last = format_datetime(one.last_blocked_at) if one.last_blocked_at else ""
    return RestrictionView(
        one.request_id,
        _("{item}: being put right", item=label) if disputed
        else request_words.scope(language(), one.scope),
        _state(one, disputed=disputed),
        blocked(one),
        _("last {when}", when=last) if last else "",
        not disputed,
    )  # fmt: skip


def _state(one: Restriction, *, disputed: bool) -> str:
    if disputed:
        return _("Until this is settled it is used for nothing but showing it to you.")
    if one.state is RequestState.OPEN:
        return _("Stopped already, while we decide. You can let it go on at any time.")
    return _("Stopped. You can let it go on at any time.")
