"""Large tables are only vacuumed day by day; written anew, they hold nothing destroyed (P15)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text, update

from db import embedded
from db.tables.ledger import event
from db.tables.member import STORES
from db.words import Store
from services import destruction, erasing, rewriting
from services.ledger import EventName
from tests.db.test_erased_on_disk import on_disk, sealed_of
from tests.installing import install
from tests.people import NOW, draft, join

if TYPE_CHECKING:
    from pathlib import Path

    from tests.database import PortalDb

LIVE = STORES[Store.LIVE]


def files(db: PortalDb, *names: str) -> list[int | None]:
    """Return in which files tables are."""
    with db.owner_data.connect() as data:
        filenode = text("select pg_relation_filenode(cast(:name as regclass))")
        return [data.scalar(filenode, {"name": name}) for name in names]


@pytest.mark.promise("P15")
def test_what_a_large_table_kept_of_the_destroyed_goes_when_it_is_written_anew(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "REWRITTEN", 0)  # from the first row on
    db = install(own_folder)
    one, stays = draft(), draft()
    join(db, one, stays)
    with db.work.data.begin() as data:
        before = set(sealed_of(data, one.member_id, LIVE))
        mine = LIVE.record.c.member_id == one.member_id
        data.execute(update(LIVE.record).where(mine).values(ends_on=date(2026, 11, 21)))
    assert destruction.run(db.work, NOW).erased
    with db.work.data.connect() as data:
        gone = list(before - set(sealed_of(data, one.member_id, LIVE)))
        here = sealed_of(data, one.member_id, LIVE)
    assert gone
    assert on_disk(db, gone), "only vacuumed: this is what the command is for"

    assert all(rewriting.run(db.work, rewriting.large(db.work), NOW))
    assert on_disk(db, gone) == set()
    assert on_disk(db, here)
    with db.owner_data.connect() as data:
        assert EventName.TABLES_REWRITTEN in data.scalars(select(event.c.name)).all()
    db.work.dispose()
    db.web.dispose()
    embedded.stop(own_folder)


def test_small_tables_are_left_alone(portal_db: PortalDb) -> None:
    assert rewriting.large(portal_db.work) == []


def test_a_table_in_use_is_named_and_the_others_are_written(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewriting, "_PATIENCE", text("set lock_timeout = '1ms'"))
    names = ("live.record", "live.device")
    tables = [rewriting.Large(portal_db.work.data, name, 0) for name in names]
    before = files(portal_db, *names)
    with portal_db.work.data.begin() as data:
        data.execute(text("lock table live.record in access share mode"))
        assert list(rewriting.run(portal_db.work, tables, NOW)) == [False, True]
    assert [old == new for old, new in zip(before, files(portal_db, *names), strict=True)] == [
        True, False,
    ]  # fmt: skip
