"""A member's values, written: sealed, with how they came, and with what follows from a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from db import places, policy
from db.declarations import ITEMS
from db.words import Change, Noted, Purpose, Source
from services import ages, coming_of_age, found_by, journal, ledger, telling
from services.ledger import EventName
from services.outbox import NoKeyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.journal_rows import Row
    from services.subject import Subject


_KEY: Final = ("member_id", "item", "seq")


def text_of(subject: Subject, item: str, seq: int) -> str | None:
    """Return a value, or None when none is held; the row stays locked until the transaction ends.

    Raise `NoKeyError` for one that can't be opened: what isn't known must not be overwritten.
    """
    table = subject.tables.profile_value.c
    sealed = subject.connection.scalar(
        select(table.sealed)
        .where(table.member_id == subject.member_id, table.item == item, table.seq == seq)
        .with_for_update()
    )
    if sealed is None:
        return None
    text = subject.open(sealed, places.profile(item, seq))
    if text is None:
        raise NoKeyError
    if item == "birth_date":
        ages.learn(subject.connection, subject.tables, subject.member_id, text, subject.today)
    return text


def put(subject: Subject, item: str, seq: int, value: str, source: Source = Source.PORTAL) -> None:
    """Store a value and all that follows: who it is found by, who is told, what the ledger says.

    The old value is not kept. Raise `NoKeyError` when the member's key is missing.
    """
    # Before the row says that the value came from here: its old source is told, too (P33).
    telling.tell(subject, Change.CORRECTED, (item,), key=f"corrected:{uuid4()}")
    row = _row(subject, item, seq, value) | {"source": source}
    upsert = insert(subject.tables.profile_value).values(row)
    subject.connection.execute(upsert.on_conflict_do_update(index_elements=_KEY, set_=row))
    if item == "birth_date":
        _follow(subject, value)
    # Not the days of `_follow`: they are kept unsealed no longer than needed.
    _note(subject, Noted.CORRECTED, [(subject.tables.profile_value, row)])
    found_by.follow(subject, (item,))
    _tell(subject, EventName.VALUE_CORRECTED, (item,))


def add(subject: Subject, item: str, value: str, source: Source = Source.PORTAL) -> None:
    """Store a further value of a repeated item.

    A cleared one keeps its number, so that no import brings it back. Of two tabs that add at once
    each gets a number. Raise `NoKeyError` when the member's key is missing.
    """
    table = subject.tables.profile_value
    mine = (table.c.member_id == subject.member_id) & (table.c.item == item)
    added, row = 0, {}
    while not added:
        last = subject.connection.scalar(select(func.max(table.c.seq)).where(mine))
        row = _row(subject, item, 0 if last is None else last + 1, value) | {"source": source}
        added = subject.connection.execute(
            insert(table).values(row).on_conflict_do_nothing()
        ).rowcount
    _note(subject, Noted.CORRECTED, [(table, row)])
    found_by.follow(subject, (item,))
    _tell(subject, EventName.VALUE_CORRECTED, (item,))


def take_over(subject: Subject, item: str, value: str, held: Mapping[str, Any]) -> None:
    """Store a value that another record held, with how and when it came there (P03).

    Raise `NoKeyError` when the member's key is missing.
    """
    came = {name: held[name] for name in ("source", "partner", "service", "obtained_on",
                                          "policy_version")}  # fmt: skip
    row = _row(subject, item, 0, value) | came
    upsert = insert(subject.tables.profile_value).values(row)
    subject.connection.execute(upsert.on_conflict_do_update(index_elements=_KEY, set_=row))
    _note(subject, Noted.CORRECTED, [(subject.tables.profile_value, row)])
    found_by.follow(subject, (item,))
    _tell(subject, EventName.VALUE_CORRECTED, (item,))


def _row(subject: Subject, item: str, seq: int, value: str) -> dict[str, Any]:
    if subject.sealer is None:
        raise NoKeyError
    return {
        "member_id": subject.member_id, "item": item, "seq": seq,
        "sealed": subject.sealer.seal(value.encode(), places.profile(item, seq)),
        "cleared_at": None, "changed_at": subject.at, "partner": None, "service": None,
        "obtained_on": subject.today, "policy_version": policy.in_force(subject.today).version,
    }  # fmt: skip


def clear(subject: Subject, items: Sequence[str], seq: int | None = None) -> tuple[str, ...]:
    """Remove values: of every number, or of one; return the items of which something was held.

    The rows stay without a value, so that no import brings one back. Recipients are told.
    """
    table = subject.tables.profile_value
    mine = (table.c.member_id == subject.member_id) & table.c.item.in_(items)
    held = mine & table.c.sealed.is_not(None)
    if seq is not None:
        held &= table.c.seq == seq
    found = set(subject.connection.scalars(select(table.c.item).where(held).with_for_update()))
    gone = tuple(name for name in ITEMS if name in found)
    if not gone:
        return ()
    telling.tell(subject, Change.CLEARED, gone, key=f"cleared:{uuid4()}")
    emptied = subject.connection.execute(
        update(table)
        .where(held)
        .values(sealed=None, cleared_at=subject.at, changed_at=subject.at)
        .returning(table)
    ).mappings()
    rows: list[Row] = [(table, row) for row in emptied]
    if "birth_date" in gone:
        no_day = {"member_id": subject.member_id} | _follow(subject, None)
        rows.append((subject.tables.member, no_day))
    _note(subject, Noted.CLEARED, rows)
    found_by.follow(subject, gone)
    _tell(subject, EventName.VALUE_CLEARED, gone)
    return gone


def _follow(subject: Subject, born: str | None) -> dict[str, Any]:
    """Keep the days by which guardianship begins and ends in step with the birth date."""
    return coming_of_age.follow(
        subject.connection, subject.tables, subject.member_id, born, subject.today
    )


def _note(subject: Subject, kind: Noted, rows: list[Row]) -> None:
    journal.note(subject.connection, kind, subject.member_id, subject.at, rows=rows)


def _tell(subject: Subject, name: EventName, items: tuple[str, ...]) -> None:
    entry = ledger.Entry(name, subject.member_id, Purpose.CORRECT, None, items, subject.case_id)
    ledger.write(subject.connection, subject.actor, entry)
