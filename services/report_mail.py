"""Writes to somebody who is no member that there is an answer; what it says stays on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from db import places
from db.tables.reports import report
from services import messages, report_papers
from services.mail import Mail, Refused

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from services.delivery import Senders
    from services.language import Language


def tell(
    data: Connection, senders: Senders, report_id: UUID, language: Language, now: datetime
) -> bool:
    """Send it, as the worker; return whether it went. Without an address nobody is written to."""
    sealed = data.scalar(select(report.c.sealed).where(report.c.report_id == report_id))
    key = report_papers.sealer(report_id)
    to = report_papers.opened(key, sealed, places.report(report_id)) or ""
    name, at, domain = to.partition("@")
    if not (at and name and "." in domain) or any(c.isspace() for c in to):
        return False
    around: dict[str, object] = {"nickname": "", "address": senders.address}
    filled = messages.fill("report_answered", language, around, senders.name)
    try:
        senders.mail.send(Mail(to, filled.subject, filled.text, filled.html, str(report_id), now))
    except Refused:
        return False
    return True
