"""What a restore refuses, and that nothing opens while one is under way (P23)."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, select, text, update
from sqlalchemy.pool import NullPool

from db import aside, backup_file, backup_keys, engines, migrate, pg_tools
from db.backup_file import BackupError
from db.keyring import KeyringError
from db.normal import normalise
from db.tables import keys as keys_tables
from db.tables.member import LIVE
from db.words import Store
from services import clearing, correction, dormancy, health, journal_file, restore, start, waking
from services.commands import worker
from services.house import House, open_house
from services.journal_file import JournalError
from tests.people import NOW, PLAIN, member
from tests.restoring import AT, HOUR, LATER, Restoring, portal
from tests.services.test_dormancy import wish
from tests.services.test_moving import email, key_of, stores_of
from tests.services.test_restore import told_long_ago

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from db.errors import PortalError

__all__ = ["portal"]

DAY = timedelta(days=1)
NEW = "010-9876-5432"


def refused(portal: Restoring, file: Path, why: str, error: type[PortalError] = BackupError,
            now: object = AT, **wish: object) -> None:  # fmt: skip
    """See that a restore says why not, that nothing has changed, and that the portal may open."""
    before = portal.held()
    with pytest.raises(error, match=why):
        portal.restore(file, now, **wish)  # type: ignore[arg-type]
    assert portal.held() == before
    aside.refuse(portal.db.addresses.owner[0])


def test_data_is_not_replaced_unasked(portal: Restoring) -> None:
    member(portal.db)
    file = portal.back_up()
    refused(portal, file, "With --over, what is there now is replaced", over=False)


def test_nobody_may_be_at_work(portal: Restoring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "LOOKS", 2)
    member(portal.db)
    file = portal.back_up()
    whole = restore.Wish(file, over=True)
    for engine in (portal.db.web.data, portal.db.work.keys):
        portal.stop()
        with engine.connect(), pytest.raises(aside.RestoringError, match="Stop it first"):
            restore.run(portal.db.addresses, portal.settings, whole, AT)
    aside.refuse(portal.db.addresses.owner[0])


def test_one_restore_at_a_time(portal: Restoring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "PATIENCE", "1ms")
    file = portal.back_up()
    with aside.alone(portal.db.addresses.owner[0]):
        refused(portal, file, "Another restore is running", aside.RestoringError)


def changed(path: Path) -> bytes:
    whole = bytearray(path.read_bytes())
    whole[-100] ^= 1
    return bytes(whole)


def test_a_file_that_is_not_right_is_refused_in_words(portal: Restoring) -> None:
    member(portal.db)
    file, keys = portal.back_up(), portal.settings.keys_backup_file
    odd = portal.var / "odd.backup"
    for content, why in (
        (changed(file), "incomplete, damaged or was changed"),
        (file.read_bytes()[:-200], "incomplete, damaged or was changed"),
        (file.read_bytes().replace(b"backup 1", b"backup 2", 1), "another version"),
        (b"PGDMP", "no backup of this portal"),
        (keys.read_bytes(), "is no backup of data"),
    ):
        odd.write_bytes(content)
        refused(portal, odd, why)
    refused(portal, portal.var / "none", "can't be read")
    refused(portal, file, "is no backup of keys", keys=file)
    key = portal.var / "keys" / backup_keys.NAME
    key.write_bytes(b"k" * 32)
    refused(portal, file, "made with another key")
    key.unlink()
    refused(portal, file, "backup.key is missing", KeyringError)


def test_one_that_was_to_be_gone_by_now_is_refused(portal: Restoring) -> None:
    """The journal may not know any more what was done after it."""
    member(portal.db)
    file = portal.back_up()
    refused(portal, file, "until 2026-12-22 only", now=NOW + 30 * DAY + HOUR)
    portal.restore(file, NOW + 30 * DAY)


def rewritten(portal: Restoring, file: Path, **changes: object) -> Path:
    """Write a backup again with another header."""
    key = backup_keys.load(portal.var / "keys")
    header = replace(backup_file.header_of(file), **changes)  # type: ignore[arg-type]
    path = portal.var / "rewritten.backup"
    backup_file.write(path, header, key, backup_file.read(file, key))
    return path


def test_one_of_a_newer_portal_or_database_is_refused(portal: Restoring) -> None:
    member(portal.db)
    file = portal.back_up()
    refused(portal, rewritten(portal, file, revision="9999"), "made by a newer portal")
    refused(portal, rewritten(portal, file, postgres=99), "made with PostgreSQL 99")


def test_tools_older_than_the_server_are_refused(
    portal: Restoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    member(portal.db)
    file = portal.back_up()
    monkeypatch.setattr(pg_tools, "server_major", lambda _url: 99)
    refused(portal, file, "The server is PostgreSQL 99")


def test_a_dump_that_does_not_fit_leaves_what_was_there(
    portal: Restoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    member(portal.db)
    file = portal.back_up()
    real = aside.begin

    def occupied(url: object) -> object:
        made = real(url)  # type: ignore[arg-type]
        with create_engine(made, poolclass=NullPool).begin() as data:
            data.execute(text("create schema live"))
        return made

    monkeypatch.setattr(aside, "begin", occupied)
    refused(portal, file, 'pg_restore failed: .*schema "live" already exists')


@pytest.mark.promise("P23")
def test_without_its_journal_it_is_refused_unless_wanted(portal: Restoring) -> None:
    who = member(portal.db)
    file = portal.back_up()
    portal.as_member(who, lambda s: clearing.clear(s, ("mobile",)))
    with portal.db.owner_data.begin() as data:
        data.execute(text("delete from ops.journal"))
    shutil.rmtree(portal.var / "journal")
    journal_file.close()
    refused(portal, file, "The journal does not know this backup", JournalError)
    report = portal.restore(file, unreplayed=True)
    assert not report.replayed
    value = LIVE.profile_value.c
    with portal.db.owner_data.connect() as data:
        assert data.scalar(select(value.sealed).where(value["item"] == "mobile")) is not None


def test_a_journal_that_was_changed_is_refused(portal: Restoring) -> None:
    who = member(portal.db)
    file = portal.back_up()
    portal.as_member(who, lambda s: clearing.clear(s, ("mobile",)))
    [path] = (portal.var / "journal").iterdir()
    path.write_text(path.read_text().replace('"cleared"', '"consent"'))
    refused(portal, file, "was changed", JournalError)


def test_keys_of_another_portal_are_refused(portal: Restoring) -> None:
    """By them everybody in the backup would look as if they were destroyed."""
    member(portal.db)
    file = portal.back_up()
    key = keys_tables.member_key
    with portal.db.owner_keys.begin() as keys:
        keys.execute(update(key).values(member_id=uuid4()))
    refused(portal, file, "these are other keys")


def test_keys_older_than_the_data_are_refused(portal: Restoring) -> None:
    member(portal.db)
    portal.back_up()
    older = portal.var / "older.keys"
    shutil.copy(portal.settings.keys_backup_file, older)
    file = portal.back_up(NOW + HOUR, "later.backup")
    refused(portal, file, "older than that of the data", keys=older)


def lose_keys(portal: Restoring) -> None:
    """Lose the keys' database."""
    portal.stop()
    owner = portal.db.addresses.owner[0].set(database="postgres")
    engine = create_engine(owner, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as server:
        server.execute(text("drop database portal_keys with (force)"))


@pytest.mark.promise("P23")
def test_lost_keys_come_from_their_newest_backup(portal: Restoring) -> None:
    [asleep] = told_long_ago(portal)
    woken, changed_, left = member(portal.db, Store.DORMANT), member(portal.db), member(portal.db)
    file = portal.back_up()
    assert dormancy.run(portal.house, LATER).separated == 1
    wish(portal.db, woken)
    assert waking.wake(portal.house, woken, LATER)
    portal.as_member(changed_, lambda s: correction.correct(s, "mobile", 0, NEW))
    portal.leave(left)
    portal.settle()
    lose_keys(portal)
    report = portal.restore(file)
    assert report.keys_of == NOW
    for who, store in ((asleep, Store.DORMANT), (woken, Store.LIVE), (changed_, Store.LIVE)):
        assert stores_of(portal.db, who) == [store]
        assert key_of(portal.db, who).store == store
        assert email(portal.db, who) == PLAIN["email"]
    # Who left has left: with the key that opened everything, and without what was to be kept.
    assert stores_of(portal.db, left) == []
    assert report.done.kept_lost == 1
    with portal.db.owner_keys.connect() as keys:
        assert left not in keys.scalars(select(keys_tables.member_key.c.member_id)).all()
        index = keys_tables.blind_index.c
        assert left not in keys.scalars(select(index.member_id)).all()
        digest = portal.db.keyring.blind("mobile", normalise("mobile", NEW))
        assert keys.scalars(select(index.member_id).where(index.digest == digest)).all() == [
            changed_
        ]


def test_lost_keys_without_a_backup_of_them_are_named(portal: Restoring) -> None:
    member(portal.db)
    file = portal.back_up()
    portal.settings.keys_backup_file.unlink()
    lose_keys(portal)
    with pytest.raises(BackupError, match=r"keys.backup can't be read"):
        portal.restore(file)
    migrate.upgrade(portal.db.addresses)


@pytest.mark.promise("P23")
def test_nothing_opens_while_a_restore_is_under_way(
    portal: Restoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    member(portal.db)
    file, owner = portal.back_up(), portal.db.addresses.owner[0]
    open_house(House(portal.db.web, portal.db.keyring))
    assert health.failing() is None
    monkeypatch.setattr(engines, "find", lambda _settings: portal.db.addresses)
    opens: tuple[Callable[[], object], ...] = (
        lambda: start.prepare(portal.settings, AT),
        lambda: worker.run(None),  # type: ignore[arg-type]
    )
    aside.begin(owner)
    assert health.failing() == "restore"
    for opening in opens:
        with pytest.raises(aside.RestoringError, match="run it again"):
            opening()
    portal.restore(file)
    assert health.failing() is None
    start.prepare(portal.settings, AT)
