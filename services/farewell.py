"""What others are told and lose when somebody leaves: the links to children, and the last mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, update

from db import places
from db.sealing import SealError
from db.tables.member import STORES
from db.words import Store
from services import ledger, outbox
from services.leaving_plan import VALUES
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from services.journal_rows import Row as Carried
    from services.leaver import Leaver
    from services.leaving_plan import Line
    from services.retaining import Taken


def end_guardianships(data: Connection, who: Leaver) -> Iterator[Carried]:
    """End the links to the leaver's children; one without another guardian is store-only (P41)."""
    for store in (Store.LIVE, Store.DORMANT):
        link = STORES[store].guardianship
        ended = (
            update(link)
            .where(
                link.c.guardian_id == who.member_id,
                or_(link.c.ended_on.is_(None), link.c.ended_on > who.today),
            )
            .values(ended_on=who.today)
            .returning(link)
        )
        for row in data.execute(ended).mappings().all():
            ledger.note(data, ledger.Entry(EventName.GUARDIAN_LEFT, row["member_id"]), who.now)
            yield link, row


def say_goodbye(data: Connection, who: Leaver, taken: Taken, lines: tuple[Line, ...]) -> None:
    """Tell by mail that the membership has ended: whoever did not ask for it must know."""
    address = _email(who, taken)
    if address is None:
        return
    last = max((line.kept_until for line in lines if line.kept_until), default=None)
    params = {"until": last.isoformat() if last else ""}
    message = outbox.Message("left", "email", who.language, params, key="left", to=address)
    outbox.enqueue_once(data, who.new, who.member_id, message, who.now)


def _email(who: Leaver, taken: Taken) -> str | None:
    row = next(
        (r for r in taken.rows[VALUES] if (r["item"], r["seq"]) == ("email", 0) and r["sealed"]),
        None,
    )
    if row is None or who.old is None:
        return None
    try:
        return who.old.open(row["sealed"], places.profile("email", 0)).decode()
    except SealError:
        return None
