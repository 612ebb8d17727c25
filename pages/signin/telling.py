"""Tells a member that their password was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services import outbox

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from services.identity.people import Person
    from services.language import Language


def tell_changed(data: Connection, person: Person, language: Language, now: datetime) -> None:
    """Enqueue the notice to a member; it holds no value, so it needs no key. Staff get none."""
    if person.kind == "member":
        message = outbox.Message("password_changed", "either", language)
        outbox.enqueue(data, None, person.person_id, message, now)
