"""Reads what mail servers send back: which of our messages never arrived (RFC 3464)."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import Message
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import update

from db.tables.ops import dispatch, outbox
from services.mail import MESSAGE_ID

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

LONGEST: Final = 10_000_000
"""Bytes of a report that are read; a returned mail of ours is far shorter."""
_OURS: Final = re.compile(
    rf"<([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}){re.escape(MESSAGE_ID)}>"
)


def failed(raw: bytes) -> UUID | None:
    """Return the id of our message that a report says has failed for good; None for any other.

    A delay, an answer, or a report about somebody else's mail is not one. Never raises for bad
    input: anybody can send us anything.
    """
    if len(raw) > LONGEST:
        return None
    try:
        parts = list(message_from_bytes(raw).walk())
        gone = any(_failed(part) for part in parts)
        found = _OURS.search("\n".join(_returned(part) for part in parts)) if gone else None
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return None
    return UUID(found[1]) if found else None


def _inner(part: Message) -> list[Message]:
    held = part.get_payload()
    return [one for one in held if isinstance(one, Message)] if isinstance(held, list) else []


def _failed(part: Message) -> bool:
    """Return whether a part says that delivery to somebody was given up."""
    if part.get_content_type() != "message/delivery-status":
        return False
    return any(str(one.get("Action", "")).strip().lower() == "failed" for one in _inner(part))


def _returned(part: Message) -> str:
    """Return where the Message-ID of the mail that came back stands: whole, or its headers."""
    kind = part.get_content_type()
    if kind == "message/rfc822":
        return " ".join(str(one.get("Message-ID", "")) for one in _inner(part))
    if kind == "text/rfc822-headers":
        held = part.get_payload(decode=True)
        return held.decode("ascii", "replace") if isinstance(held, bytes) else ""
    return ""


def record(data: Connection, message_id: UUID, now: datetime) -> bool:
    """Note the bounce at the member's message or the company's notice; return whether it is new.

    A member's message has gone out and stays so (`sent_at`); a notice to a company has failed,
    which the desk sees. As the worker.
    """
    told = data.execute(
        update(outbox)
        .where(outbox.c.message_id == message_id, outbox.c.bounced_at.is_(None))
        .values(bounced_at=now, sealed=None)
    )
    sent = data.execute(
        update(dispatch)
        .where(
            dispatch.c.dispatch_id == message_id,
            dispatch.c.failed_at.is_(None),
            dispatch.c.answered_at.is_(None),
        )
        .values(failed_at=now)
    )
    return bool(told.rowcount or sent.rowcount)
