"""What callers said goes three years after the end, from the files, too, and that is noted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text

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
    with portal_db.owner_keys.connect() as keys:
        before = keys.scalar(file_of)
    case_lives.run(House(portal_db.work, portal_db.keyring), later)
    assert destruction.run(portal_db.work, later).erased
    with portal_db.owner_keys.connect() as keys, portal_db.owner_data.connect() as data:
        assert keys.scalar(file_of) != before
        of_cases = records.c.kind == "case_words"
        [line] = data.execute(select(records).where(of_cases)).all()
        run = destruction_run.c
        verified = data.scalar(select(run.verified_at).where(run.run_id == line.run_id))
    assert (line.rows > 0, line.method, verified is not None) == (True, "rows_and_key", True)
