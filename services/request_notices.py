"""Says to the member, and to companies that hold the data, how far a request is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from db.declarations import ITEMS
from db.law import law
from db.words import Change, RequestKind
from services.notify import notify
from services.telling import tell

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from db.words import Purpose, RefusalReason
    from services.language import Language
    from services.subject import Subject

_ALL = "all"


def _about(kind: RequestKind, item: str | None, purpose: str | None) -> dict[str, str]:
    scope = (purpose or _ALL) if kind is RequestKind.RESTRICTION else ""
    return {"kind": kind, "item": item or "", "scope": scope}


def received(
    subject: Subject, request_id: UUID, kind: RequestKind, item: str | None, purpose: str | None
) -> None:
    """Tell the member what was asked and until when it is decided."""
    days = {
        "received_on": subject.today.isoformat(),
        "due_on": law().due_on(kind, subject.today).isoformat(),
    }
    params = _about(kind, item, purpose) | days
    notify(subject, "request_received", params, key=f"received:{request_id}")


def done(
    subject: Subject, request_id: UUID, about: tuple[RequestKind, str | None, str | None],
    language: Language, *, original: RequestKind | None = None,
) -> None:  # fmt: skip
    """Tell the member that it is done as asked; `original`: what an objection was about."""
    params = _about(*about) | {"original": original or ""}
    notify(_in(subject, language), "request_done", params, key=f"decided:{request_id}")


def refused(
    subject: Subject, request_id: UUID, about: tuple[RequestKind, str | None, str | None],
    language: Language, reason: RefusalReason,
) -> None:  # fmt: skip
    """Tell the member that it is refused, why, and how to object (PIPA art. 36, 37, 38(5))."""
    params = _about(*about) | {"reason": reason}
    notify(_in(subject, language), "request_refused", params, key=f"decided:{request_id}")


def let_go_on(subject: Subject, request_id: UUID, scope: str | None) -> None:
    """Tell the member that what was stopped goes on."""
    notify(subject, "stop_lifted", {"scope": scope or _ALL}, key=f"lifted:{request_id}")


def companies_of_item(subject: Subject, change: Change, item: str, request_id: UUID) -> None:
    """Tell who has an item that it is disputed, or not any more."""
    tell(subject, change, (item,), key=f"{change}:{request_id}")


def companies_of_uses(
    subject: Subject, change: Change, purposes: Iterable[Purpose], request_id: UUID
) -> None:
    """Tell who has an item that serves one of these uses that they are stopped, or go on."""
    chosen = frozenset(purposes)
    items = tuple(name for name, item in ITEMS.items() if item.purposes & chosen)
    tell(subject, change, items, key=f"{change}:{request_id}")


def _in(subject: Subject, language: Language) -> Subject:
    """Return the subject with the member's language: staff decide, but the member reads."""
    return replace(subject, actor=replace(subject.actor, language=language))
