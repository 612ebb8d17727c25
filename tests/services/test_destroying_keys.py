"""Whose keys are destroyed, and whose part of the table is written anew for it (P13, P15)."""

from __future__ import annotations

from datetime import date, timedelta
from threading import Barrier
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from db.tables import keys as keys_tables
from db.tables import ops
from db.tables.keeping import destruction as records
from db.tables.keeping import key_due
from db.tables.member import STORES
from db.words import Store
from services import destroying_keys, destroying_members, destruction, erasing
from tests.people import NOW, member

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Connection

    from services.destroying_rows import Batch
    from tests.database import PortalDb

YESTERDAY = date(2026, 11, 21)
RETAINED = STORES[Store.RETAINED]
_FILES = text("""
    select relid::regclass::text as part, pg_relation_filenode(relid) as file
    from pg_partition_tree('keys.member_key') where isleaf
""")


def files(db: PortalDb) -> dict[str, int]:
    """Return in which file each part of the keys is."""
    with db.owner_keys.connect() as keys:
        return {row.part: row.file for row in keys.execute(_FILES)}


def part_of(db: PortalDb, who: UUID) -> str:
    """Return the part of the keys that a member's is in."""
    with db.owner_keys.connect() as keys:
        found = text("select tableoid::regclass::text from keys.member_key where member_id = :who")
        return str(keys.execute(found, {"who": who}).scalar_one())


def gone(db: PortalDb) -> UUID:
    """Return a member who left, of whom the last is due."""
    who = member(db, Store.RETAINED, records=(), devices=())
    kept = RETAINED.profile_value
    with db.work.data.begin() as data:
        data.execute(update(kept).where(kept.c.member_id == who).values(ends_on=YESTERDAY))
    return who


def note_due(db: PortalDb, who: UUID) -> None:
    with db.work.data.begin() as data:
        data.execute(insert(key_due).values(member_id=who, at=NOW))


def test_keys_of_who_left_go_without_writing_those_of_who_is_here_anew(
    portal_db: PortalDb,
) -> None:
    here, left = member(portal_db), gone(portal_db)
    before, theirs = files(portal_db), part_of(portal_db, left)
    done = destruction.run(portal_db.work, NOW)
    assert (done.members, done.keys) == (1, 1)
    after = files(portal_db)
    changed = {part for part, file in after.items() if file != before[part]}
    assert theirs in changed
    assert not [part for part in changed if "_here_" in part]
    assert part_of(portal_db, here) in after


@pytest.mark.promise("P15")
@pytest.mark.parametrize("killed", [False, True])
def test_a_key_that_was_here_is_in_no_file_either(portal_db: PortalDb, *, killed: bool) -> None:
    who, other = member(portal_db), member(portal_db, Store.RETAINED)
    note_due(portal_db, who)
    before, theirs = files(portal_db), part_of(portal_db, who)
    if killed:  # after the key was deleted, before its part was written anew
        key = keys_tables.member_key
        with portal_db.work.keys.begin() as keys:
            keys.execute(delete(key).where(key.c.member_id == who))
    assert destroying_keys.destroy_keys(portal_db.work, NOW) == 1
    assert files(portal_db)[theirs] != before[theirs]
    with portal_db.owner_keys.connect() as keys:
        assert keys.scalars(select(keys_tables.member_key.c.member_id)).all() == [other]


def test_many_keys_go_batch_by_batch(portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch) -> None:
    erased: list[object] = []
    real = erasing.erase

    def erase(what: Any) -> None:  # noqa: ANN401
        erased.append(what)
        real(what)

    monkeypatch.setattr(destroying_keys, "KEY_BATCH", 2)
    monkeypatch.setattr(erasing, "erase", erase)
    for _ in range(5):
        gone(portal_db)
    assert destruction.run(portal_db.work, NOW).keys == 5
    assert len(erased) == 2, "two whole batches; the last one leaves the files with the rows"
    with portal_db.owner_data.connect() as data:
        assert data.execute(select(key_due)).all() == []


@pytest.mark.parametrize("count", [1, 3, 4, 5, 9])
def test_two_at_a_time_leave_nobody(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    both, real = Barrier(2, timeout=60), destroying_members._in_hand

    def together(connection: Connection, batch: Batch) -> Sequence[UUID]:
        both.wait()
        found = real(connection, batch)
        assert len(found) <= 2
        return found

    monkeypatch.setattr(destruction, "MEMBERS", 2)
    monkeypatch.setattr(destroying_members, "_in_hand", together)
    for _ in range(count):
        gone(portal_db)
    assert destruction.run(portal_db.work, NOW).members == count
    with portal_db.owner_data.connect() as data:
        [line] = data.execute(select(records).where(records.c.kind == "members")).all()
    assert line.rows == count


@pytest.mark.promise("P13")
def test_what_was_sent_to_who_left_goes_with_them_and_is_recorded(portal_db: PortalDb) -> None:
    left, stays = gone(portal_db), member(portal_db)
    with portal_db.work.data.begin() as data:
        for who in (left, left, stays):
            data.execute(insert(ops.outbox).values(
                member_id=who, message_id=uuid4(), channel="email", template="left", language="ko",
                created_at=NOW - timedelta(90), sent_at=NOW - timedelta(90)))  # fmt: skip
    destruction.run(portal_db.work, NOW)
    with portal_db.owner_data.connect() as data:
        assert data.scalars(select(ops.outbox.c.member_id)).all() == [stays]
        lines = {row.kind: row.rows for row in data.execute(select(records))}
    assert (lines["members"], lines["leaving"]) == (1, 2)


@pytest.mark.parametrize("store", [Store.DORMANT, Store.RETAINED])
def test_nobody_has_keys_in_two_stores(portal_db: PortalDb, store: Store) -> None:
    who = member(portal_db)
    second = {"member_id": who, "store": store, "wrapped": b"another", "created_at": NOW}
    with (
        pytest.raises(IntegrityError, match="has a key already"),
        portal_db.work.keys.begin() as keys,
    ):
        keys.execute(insert(keys_tables.member_key).values(second))
