"""No key is called gone while a file, or anybody, still has it (P15)."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from db.tables import keys as keys_tables
from db.tables.keeping import destruction_run, key_due
from services import destruction, erasing
from tests.people import NOW, member
from tests.services.test_destroying_keys import files, gone, part_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from tests.database import PortalDb


@contextmanager
def _locked(keys: Connection) -> Iterator[None]:
    with keys.begin():
        keys.execute(text("lock table keys.member_key in access share mode"))
        yield


@contextmanager
def _seen(keys: Connection) -> Iterator[None]:
    with keys.begin():
        keys.execute(text("set transaction isolation level repeatable read"))
        keys.execute(text("select 1"))  # from here on it sees what there is now
        yield


@pytest.mark.promise("P15")
@pytest.mark.parametrize("holding", [_locked, _seen], ids=["locked", "seen"])
def test_a_key_that_somebody_holds_is_not_called_gone(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch, holding: type[Iterator[None]]
) -> None:
    monkeypatch.setattr(erasing, "_PATIENCE", text("set lock_timeout = '20ms'"))
    monkeypatch.setattr(erasing, "_PAUSES", (0.0, 0.0))
    who = gone(portal_db)
    part, before = part_of(portal_db, who), files(portal_db)
    with portal_db.owner_keys.connect() as keys, holding(keys):  # type: ignore[call-arg,attr-defined]
        done = destruction.run(portal_db.work, NOW)
        assert (done.members, done.keys, done.erased) == (1, 0, False)
        with portal_db.owner_data.connect() as data:
            assert data.scalars(select(key_due.c.member_id)).all() == [who]
            assert data.scalars(select(destruction_run.c.verified_at)).all() == [None]
    done = destruction.run(portal_db.work, NOW)
    assert (done.keys, done.erased) == (1, True)
    assert files(portal_db)[part] != before[part]


def test_who_reads_a_page_is_waited_for(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone(portal_db)
    alone = Lock()
    with portal_db.owner_keys.connect() as keys:
        keys.execute(text("set transaction isolation level repeatable read"))
        keys.execute(text("select 1"))

        def over(seconds: float) -> None:
            if seconds:
                with alone:
                    keys.rollback()

        monkeypatch.setattr("services.erasing.time.sleep", over)
        assert destruction.run(portal_db.work, NOW).keys == 1


@pytest.mark.promise("P15")
def test_what_an_index_still_has_of_an_empty_table_goes(portal_db: PortalDb) -> None:
    table, name = keys_tables.sign_in, {"name": "keys.sign_in"}
    size = text("select pg_relation_size(cast(:name as regclass))")
    file = text("select pg_relation_filenode(cast(:name as regclass))")
    row = {"digest": b"somebody", "member_id": uuid4(), "provider": "p", "linked_at": NOW}
    alone = portal_db.owner_keys.execution_options(isolation_level="AUTOCOMMIT")
    with alone.connect() as keys:
        keys.execute(table.insert().values(row))
        keys.execute(table.delete())
        keys.execute(text("vacuum keys.sign_in"))
        assert keys.scalar(size, name) == 0
        before = keys.scalar(file, name)
        erasing.erase({portal_db.work.keys: (table,)})
        after = keys.scalar(file, name)
        assert after != before
        erasing.erase({portal_db.work.keys: (table,)})
        assert keys.scalar(file, name) == after, "nothing is in it any more"


def test_a_member_who_is_here_keeps_their_key(portal_db: PortalDb) -> None:
    here = member(portal_db)
    gone(portal_db)
    assert destruction.run(portal_db.work, NOW).erased
    assert "_here_" in part_of(portal_db, here)
