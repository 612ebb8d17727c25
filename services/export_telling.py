"""Writes to who asked for a copy that it is ready: no value, no file, a page to come to."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from db.clock import seoul_day
from db.tables.exports import export
from db.tables.member import DORMANT, LIVE
from db.words import ExportState
from services import guardian_calls, notify, outbox
from services.export_order import holds

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from services.house import House
    from services.language import Language

_READY: Final = "export_ready"


def tell(data: Connection, house: House, row: Row[Any], until: str, now: datetime) -> None:
    """Write to who asked that it is ready: no value, nothing attached, a page to come to."""
    who = row.guardian_id or row.actor_id
    if row.let_go_by == who:
        return  # they don't want it any more: it is made for the child
    today = seoul_day(now)
    if row.guardian_id and not guardian_calls.acts(data, row.member_id, row.guardian_id, today):
        return  # stopped meanwhile: the copy is the child's
    tables = next((t for t in (LIVE, DORMANT) if holds(data, t, who)), None)
    with house.databases.keys.connect() as keys:
        try:
            _store, sealer = outbox.sealer_of(keys, house.keyring, who)
        except outbox.NoKeyError:
            return  # nothing of theirs opens: neither would their address
    if tables is not None:
        language: Language = "en" if row.language == "en" else "ko"
        about = f"{_READY}:{row.export_id}"
        message = outbox.Message(_READY, "email", language, {"until": until}, key=about)
        notify.write(data, tables, (who, sealer), message, now)


def tell_unseen(data: Connection, house: House, now: datetime) -> None:
    """Write to who left the page before it was ready, once."""
    unseen = (
        export.c.state == ExportState.DONE,
        export.c.seen_at.is_(None),
        export.c.finished_at < now - timedelta(minutes=1),
    )
    for row in data.execute(select(export).where(*unseen)).all():
        tell(data, house, row, row.ends_on.isoformat(), now)
