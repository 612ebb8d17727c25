"""The one way out: data leaves for a recipient through `disclose`, or not at all (clause 5, P16).

It checks the declared purpose and the ground, hands out exactly the items asked for that are held,
and writes the disclosure. A refusal is written in a transaction of its own, since the caller's ends
with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import insert, select

from db import places
from db.declarations import ITEMS
from db.words import Ground, Noted
from services import blocking, grounds, journal, ledger, reference
from services.grounds import DisclosureRefused, Refusal
from services.house import house
from services.ledger import EventName
from services.relations import as_subject

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from db.words import Purpose
    from services.grounds import Asked, Let
    from services.subject import Subject

__all__ = ["Disclosure", "DisclosureRefused", "Refusal", "disclose"]


@dataclass(frozen=True)
class Disclosure:
    """What a recipient is handed: values by item, and its own name for the member.

    `kept_until`: the last day on which the recipient may keep it; None: not stated.
    """

    disclosure_id: UUID
    recipient: str
    reference: str
    values: dict[str, tuple[str, ...]] = field(repr=False)
    at: datetime
    kept_until: date | None


def disclose(
    subject: Subject,
    company_id: str,
    items: Iterable[str],
    purpose: Purpose | None,
    ground: Ground,
    *,
    ground_id: UUID | None = None,
) -> Disclosure:
    """Hand out `items` to a recipient on a ground, and write it down in the caller's transaction.

    `company_id` names the recipient; for a legal demand it is the authority, and `purpose` is None.
    `ground_id`: the record of the purchase, or the demand. Raise `DisclosureRefused` with its
    reason; the refusal is in the ledger then, and counted where a restriction caused it (P32).
    """
    asked = grounds.Asked(company_id, tuple(dict.fromkeys(items)), purpose, ground, ground_id)
    try:
        let = grounds.check(subject, asked)
        values = _values(subject, asked.items)
    except DisclosureRefused as refused:
        _note_refusal(subject, asked, refused)
        raise
    made = Disclosure(
        uuid4(), company_id, reference.for_company(company_id, subject.member_id), values,
        subject.at, let.kept.ends_on(subject.today) if let.kept else None,
    )  # fmt: skip
    _write(subject, asked, let, made)
    return made


def _write(subject: Subject, asked: Asked, let: Let, made: Disclosure) -> None:
    row = {
        "member_id": subject.member_id,
        "disclosure_id": made.disclosure_id,
        "recipient": made.recipient,
        "items": list(made.values),
        "purpose": asked.purpose,
        "ground": asked.ground,
        "ground_id": asked.ground_id,
        "disclosed_on": subject.today,
        "disclosed_at": made.at,
        "shown_from": let.shown_from,
        "kept_until": made.kept_until,
        "asked_by": subject.actor.kind,
    }
    subject.connection.execute(insert(subject.tables.disclosure).values(row))
    # It can't be taken back: whoever has the data must be known after a restore, too.
    journal.note(
        subject.connection, Noted.DISCLOSED, subject.member_id, subject.at,
        rows=[(subject.tables.disclosure, row)],
    )  # fmt: skip
    entry = ledger.Entry(
        EventName.DISCLOSED, subject.member_id, asked.purpose, items=tuple(made.values),
        case_id=subject.case_id, reason=asked.ground,
    )  # fmt: skip
    ledger.write(subject.connection, subject.actor, entry)


def _values(subject: Subject, items: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return what is held of the items. Raise `DisclosureRefused` when nothing is, or opens."""
    found: dict[str, list[str | None]] = {}
    for item, sealed, place in _sealed(subject, items):
        found.setdefault(item, []).append(subject.open(sealed, place))
    if not found or None in [text for texts in found.values() for text in texts]:
        raise DisclosureRefused(Refusal.NOTHING_HELD)
    return {item: tuple(t for t in found[item] if t is not None) for item in items if item in found}


def _sealed(subject: Subject, items: tuple[str, ...]) -> list[tuple[str, bytes, str]]:
    value, device = subject.tables.profile_value.c, subject.tables.device.c
    rows = subject.connection.execute(
        select(value["item"], value.seq, value.sealed)
        .where(
            value.member_id == subject.member_id,
            value["item"].in_(items),
            value.sealed.is_not(None),
        )
        .order_by(value["item"], value.seq)
    )
    found = [(row.item, row.sealed, places.profile(row.item, row.seq)) for row in rows]
    if "device_id" in items:
        own = select(device.device_row_id, device.sealed).where(
            device.member_id == subject.member_id, device.sealed.is_not(None)
        )
        devices = subject.connection.execute(own.order_by(device.device_row_id))
        found += [("device_id", row.sealed, places.device(row.device_row_id)) for row in devices]
    return found


def _note_refusal(subject: Subject, asked: Asked, refused: DisclosureRefused) -> None:
    known = tuple(item for item in asked.items if item in ITEMS)
    with house().databases.data.begin() as connection:
        as_subject(connection, subject.member_id)
        # The count is shown at once, a demand maybe later: of that only the case's line tells.
        counted = refused.why is Refusal.RESTRICTED and asked.ground is not Ground.LEGAL_DEMAND
        for item in refused.items if counted else ():
            blocking.count(
                connection, subject.tables, subject.member_id, item,
                asked.purpose or subject.purpose, subject.at, subject.actor,
            )  # fmt: skip
        entry = ledger.Entry(
            EventName.DISCLOSURE_REFUSED, subject.member_id, asked.purpose, items=known,
            case_id=subject.case_id, allowed=False, reason=refused.why,
        )  # fmt: skip
        ledger.write(connection, subject.actor, entry)
