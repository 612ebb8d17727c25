"""A request in words: what, how far, until when, why it was refused and how to object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.declarations import ITEMS
from db.words import N_, ActorKind, Change, RequestKind, RequestState
from pages.components.text import _, _n, language
from services import request_words

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from services.requests import Request
    from services.telling import Progress


_CHANGES: dict[Change, str] = {
    Change.CORRECTED: N_("Companies told of the correction"),
    Change.CLEARED: N_("Companies told of the clearing"),
    Change.RESTRICTED: N_("Companies told to stop"),
    Change.RESTRICTION_LIFTED: N_("Companies told that it goes on"),
}
_OTHER = N_("Companies told")


@dataclass(frozen=True)
class RequestView:
    """One request as it is drawn. `left`: the days left, in words; "" once it is decided."""

    request_id: UUID
    title: str
    state: str
    left: str
    late: bool
    received_at: datetime
    due_on: date
    decided_at: datetime | None
    reason: str
    citation: str
    answer: str
    files: int
    told: tuple[str, ...]
    open: bool
    refused: bool
    may_object: bool
    by_guardian: bool


def title(kind: RequestKind, item: str | None, purpose: str | None) -> str:
    """Return what a request is about, in one line."""
    name = _(request_words.KINDS[kind])
    if item in ITEMS:
        return f"{name} · {_(ITEMS[item].label)}"
    if kind is RequestKind.RESTRICTION or purpose:
        return f"{name} · {request_words.scope(language(), purpose)}"
    return name


def days_left(days: int) -> str:
    """Return how long until a deadline, in words."""
    if days < 0:
        return _n("{n} day late", "{n} days late", -days)
    if days == 0:
        return _("due today")
    return _n("{n} day left", "{n} days left", days)


def views(found: tuple[Request, ...], today: date) -> tuple[RequestView, ...]:
    """Return requests as they are drawn, in the given order."""
    objected = {one.objects_to for one in found}
    return tuple(_view(one, objected, today) for one in found)


def _view(one: Request, objected: set[UUID | None], today: date) -> RequestView:
    is_open, refused = one.state is RequestState.OPEN, one.state is RequestState.REFUSED
    days = (one.due_on - today).days
    return RequestView(
        one.request_id,
        title(one.kind, one.item, one.purpose),
        _(request_words.STATES[one.state]),
        days_left(days) if is_open else "",
        is_open and days < 0,
        one.received_at,
        one.due_on,
        one.decided_at,
        request_words.refusal(language(), one.reason) if one.reason else "",
        request_words.citation(language(), one.reason) if one.reason else "",
        one.answer or "",
        one.files,
        tuple(map(_told, one.told)),
        is_open,
        refused,
        refused and one.kind is not RequestKind.OBJECTION and one.request_id not in objected,
        one.asked_by is ActorKind.GUARDIAN,
    )


def _told(one: Progress) -> str:
    how = _("{answered} of {told} confirmed", answered=one.answered, told=one.told)
    return f"{_(_CHANGES.get(one.change, _OTHER))}: {how}"
