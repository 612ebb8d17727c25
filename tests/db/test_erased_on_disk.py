"""Erasure proved on disk: what was destroyed is in no table and in no file of the database (P15).

A server of the test's own: its files are searched for the very bytes.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, select, text, update

from db import embedded, places, sealing
from db.sealing import Sealer, SealError
from db.tables import keys as keys_tables
from db.tables.member import STORES
from db.words import ConsentKind, Store
from services import destruction
from tests.installing import install
from tests.leaving import leave
from tests.people import NOW, PLAIN, draft, granted, join

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from db.tables.member import MemberTables
    from tests.database import PortalDb

RETAINED = STORES[Store.RETAINED]
PAST = date(2026, 11, 22) - timedelta(1)


def sealed_of(connection: Connection, who: UUID, tables: MemberTables = RETAINED) -> list[bytes]:
    """Return every ciphertext of a member's values and records."""
    return [
        bytes(one)
        for table in (tables.profile_value, tables.record)
        for one in connection.scalars(select(table.c.sealed).where(table.c.member_id == who))
    ]


def wrapped_of(db: PortalDb, who: UUID) -> bytes:
    key = keys_tables.member_key.c
    with db.work.keys.connect() as connection:
        return bytes(connection.execute(select(key.wrapped).filter_by(member_id=who)).scalar_one())


def on_disk(db: PortalDb, needles: list[bytes]) -> set[str]:
    """Return the files below the server's folder that hold any of these bytes."""
    for engine in (db.owner_data, db.owner_keys):
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("checkpoint"))
    folder = db.var / "postgres"
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(folder))
        for path in files
        if any(needle in path.read_bytes() for needle in needles)
    }


@pytest.mark.promise("P13", "P15")
def test_destroyed_bytes_are_in_no_file_and_an_older_copy_opens_nothing(own_folder: Path) -> None:
    db = install(own_folder)
    gone, stays = draft(), draft()
    join(db, gone, stays, store=Store.RETAINED)
    with db.work.data.begin() as data:
        for table in (RETAINED.profile_value, RETAINED.record):
            mine = table.c.member_id == gone.member_id
            dates = {"ends_on": PAST} | ({"event_date": PAST} if "event_date" in table.c else {})
            data.execute(update(table).where(mine).values(dates))
    with db.work.data.connect() as data:
        copy = sealed_of(data, gone.member_id)
        kept = sealed_of(data, stays.member_id)
        value = RETAINED.profile_value.c
        found = data.execute(
            select(value.item, value.sealed).where(value.member_id == gone.member_id)
        )
        values = {item: bytes(one) for item, one in found}
    wrapped = wrapped_of(db, gone.member_id)
    yesterday = db.keyring.sealer(Store.RETAINED, gone.member_id, wrapped)
    assert on_disk(db, [wrapped])
    assert on_disk(db, copy)

    done = destruction.run(db.work, NOW)
    assert (done.members, done.keys, done.erased) == (1, 1, True)
    assert on_disk(db, copy) == set(), "ciphertexts"
    assert on_disk(db, [wrapped]) == set(), "the wrapped key"
    assert on_disk(db, [value.encode() for value in PLAIN.values() if len(value) > 8]) == set()
    # The search finds what is there: the other member's.
    assert on_disk(db, kept)
    assert on_disk(db, [wrapped_of(db, stays.member_id)])
    # An earlier copy of the data opened with yesterday's key, and opens with none of today's.
    with db.work.keys.connect() as connection:
        [key] = connection.execute(select(keys_tables.member_key)).all()
    assert key.member_id == stays.member_id
    retained = db.keyring.stores[Store.RETAINED]
    today = Sealer(gone.member_id, sealing.unwrap(retained, stays.member_id, bytes(key.wrapped)))
    for item, one in values.items():
        place = places.profile(item, 0)
        assert yesterday.open(one, place).decode() == PLAIN[item]
        with pytest.raises(SealError):
            today.open(one, place)
    db.work.dispose()
    db.web.dispose()
    embedded.stop(own_folder)


@pytest.mark.promise("P13", "P15", "P34")
def test_who_leaves_is_in_no_file_but_for_what_has_its_time(own_folder: Path) -> None:
    db = install(own_folder)
    gone, stays = draft(consents=granted(ConsentKind.MARKETING)), draft()
    join(db, gone, stays)
    live = STORES[Store.LIVE]
    with db.work.data.connect() as data:
        before = sealed_of(data, gone.member_id, live)
        devices = data.scalars(select(live.device.c.sealed).filter_by(member_id=gone.member_id))
        before += [bytes(one) for one in devices if one]
        others = sealed_of(data, stays.member_id, live)
    wrapped = wrapped_of(db, gone.member_id)
    old = db.keyring.sealer(Store.LIVE, gone.member_id, wrapped)
    assert on_disk(db, [wrapped])
    assert all(on_disk(db, [one]) for one in before)

    leave(db, gone.member_id)
    assert on_disk(db, [wrapped]) == set(), "the old key goes at once"
    assert destruction.run(db.work, NOW + timedelta(minutes=1)).erased
    assert on_disk(db, before) == set(), "what the old key sealed"
    assert on_disk(db, [value.encode() for value in PLAIN.values() if len(value) > 8]) == set()
    assert on_disk(db, others), "the search finds what is there"
    # An older copy of the data, with the keys of today: the fresh key opens nothing of it.
    fresh = db.keyring.sealer(Store.RETAINED, gone.member_id, wrapped_of(db, gone.member_id))
    for one in before:
        for place in (places.profile("email", 0), places.profile("nickname", 0)):
            with pytest.raises(SealError):
                fresh.open(one, place)
    assert any(opens(old, one, places.profile("email", 0)) for one in before)
    db.work.dispose()
    db.web.dispose()
    embedded.stop(own_folder)


def opens(sealer: Sealer, sealed: bytes, place: str) -> bool:
    try:
        return bool(sealer.open(sealed, place))
    except SealError:
        return False
