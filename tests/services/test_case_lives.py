"""What callers said goes three years after the end, from the files, too, and that is noted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from db.tables import keys as keys_tables
from db.tables.cases import case as cases
from db.tables.keeping import destruction as records
from db.tables.keeping import destruction_run
from services import case_lives, destruction
from services.house import House
from tests.calling import one, verified_case
from tests.people import NOW, member

if TYPE_CHECKING:
    from services.actor import Actor
    from tests.database import PortalDb

__all__ = ["one"]


@pytest.mark.promise("P13")
def test_what_was_said_leaves_the_files_and_is_recorded(portal_db: PortalDb, one: Actor) -> None:
    verified_case(one, member(portal_db))
    later = NOW + timedelta(days=3 * 365 + 2)
    with portal_db.work.data.begin() as connection:
        connection.execute(cases.update().values(closed_at=NOW))
    file_of = text("select pg_relation_filenode('keys.case_key'::regclass)")
    in_data = text("select pg_relation_filenode('ops.case_paper'::regclass)")
    with portal_db.owner_data.connect() as data:
        words_before = data.scalar(in_data)
    with portal_db.owner_keys.connect() as keys:
        before = keys.scalar(file_of)
    case_lives.run(House(portal_db.work, portal_db.keyring), later)
    assert destruction.run(portal_db.work, later).erased
    with portal_db.owner_keys.connect() as keys, portal_db.owner_data.connect() as data:
        assert keys.scalar(file_of) != before
        assert data.scalar(in_data) != words_before
        of_cases = records.c.kind == "case_words"
        [line] = data.execute(select(records).where(of_cases)).all()
        run = destruction_run.c
        verified = data.scalar(select(run.verified_at).where(run.run_id == line.run_id))
    assert (line.rows > 0, line.method, verified is not None) == (True, "rows_and_key", True)


def test_the_key_of_a_case_in_which_nothing_was_said_goes_as_well(portal_db: PortalDb) -> None:
    key, old = keys_tables.case_key, NOW - timedelta(days=3 * 365 + 2)
    with portal_db.owner_keys.begin() as keys:
        for at in (old, NOW):
            row = {"case_id": uuid4(), "member_id": uuid4(), "wrapped": b"w", "created_at": at}
            keys.execute(key.insert().values(row))
    case_lives.run(House(portal_db.work, portal_db.keyring), NOW)
    with portal_db.owner_keys.connect() as keys:
        assert keys.scalars(select(key.c.created_at)).all() == [NOW]
