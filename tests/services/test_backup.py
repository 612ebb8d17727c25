"""Backups: what is in them and what must not be, how long they are kept, and of whom (P23, P15)."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import delete, select

from db import backup_file, backup_keys, pg_tools
from db.backup_file import BackupError, What
from db.declarations import ITEMS
from db.tables import keys as keys_tables
from db.tables.keeping import journal as rows_of
from db.tables.member import LIVE
from db.words import Noted, Store
from services import backup
from tests.people import FIELDS, NOW, PLAIN, member
from tests.restoring import Restoring, portal

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["portal"]

DAY = timedelta(days=1)


def plain_text(portal: Restoring, file: Path) -> bytes:
    """Return all that a backup says, as the SQL that it stands for."""
    key = backup_keys.load(portal.var / "keys")
    dump = b"".join(backup_file.read(file, key))
    folder = pg_tools.find(portal.db.addresses.owner[0], embedded=True).folder
    done = subprocess.run(  # noqa: S603 (our own program)
        [folder / "pg_restore", "--file=-"], input=dump, capture_output=True, check=True
    )
    return done.stdout


def secrets_of(portal: Restoring) -> list[bytes]:
    """Return every wrapped key and every blind index there is."""
    with portal.db.owner_keys.connect() as keys:
        wrapped = keys.scalars(select(keys_tables.member_key.c.wrapped)).all()
        digests = keys.scalars(select(keys_tables.blind_index.c.digest)).all()
    assert len(wrapped) == 3
    assert len(digests) > 3
    return [bytes(one) for one in (*wrapped, *digests)]


@pytest.mark.promise("P23")
def test_no_key_no_blind_index_and_no_value_is_in_a_backup_of_data(portal: Restoring) -> None:
    for store in Store:
        member(portal.db, store)
    file = portal.back_up()
    said = plain_text(portal, file)
    with portal.db.owner_data.connect() as data:
        sealed = data.scalars(select(LIVE.profile_value.c.sealed)).all()
    assert len(sealed) == len(PLAIN)
    assert all(bytes(one).hex().encode() in said for one in sealed), (
        "the search finds what is there"
    )
    values = {*PLAIN.values(), *(value for fields in FIELDS.values() for value in fields.values())}
    # Words of our own (kinds, channels) stand in the tables of everybody.
    telling = {value for value in values if len(value) > 4 or not value.isascii()} - {
        *ITEMS,
        "email",
    }
    assert not [value for value in telling if value.encode() in said]
    keys = secrets_of(portal)
    assert not [one for one in keys if one.hex().encode() in said]
    files = [path.read_bytes() for path in (portal.var / "keys").iterdir()]
    assert not [one for one in files if one in said or one.hex().encode() in said]
    # The keys are in a file of their own; and neither file can be read as it lies there.
    own = plain_text(portal, portal.settings.keys_backup_file)
    assert all(one.hex().encode() in own for one in keys)
    assert b"profile_value" not in own
    for path in (file, portal.settings.keys_backup_file):
        assert b"PGDMP" not in path.read_bytes()


@pytest.mark.promise("P23")
def test_of_the_keys_only_the_newest_backup_is_kept(portal: Restoring) -> None:
    """Whose key was destroyed is in no backup of keys after the next one."""
    who, newest = member(portal.db), portal.settings.keys_backup_file
    portal.back_up()
    key = keys_tables.member_key
    with portal.db.owner_keys.connect() as keys:
        wrapped = bytes(keys.scalars(select(key.c.wrapped)).one())
    assert wrapped.hex().encode() in plain_text(portal, newest)
    with portal.db.owner_keys.begin() as keys:
        keys.execute(delete(key).where(key.c.member_id == who))
    portal.back_up(NOW + DAY, "data2.backup")
    assert wrapped.hex().encode() not in plain_text(portal, newest)
    assert [path.name for path in newest.parent.iterdir()] == [newest.name]
    kinds = [backup_file.header_of(path).what for path in portal.var.glob("*.backup")]
    assert kinds == [What.DATA, What.DATA]


def test_into_a_folder_each_has_its_time_and_those_over_thirty_days_go(portal: Restoring) -> None:
    folder = portal.var / "backups"
    folder.mkdir()

    def make(days: int) -> backup.Made:
        now = NOW + days * DAY
        return backup.make(portal.db.addresses, portal.settings, folder, now)

    first = make(0)
    assert first.file.name == "jikim-20261122-1200.backup"
    assert first.keep_until == NOW + 30 * DAY
    (folder / "notes.txt").write_text("not ours")
    foreign = folder / "foreign.backup"
    key = backup_keys.BackupKey(b"k" * 32)
    header = backup_file.Header(What.DATA, uuid4(), NOW, NOW, key.key_id, 18, "x")
    backup_file.write(foreign, header, key, [b""])
    left = folder / f".{first.file.name}.new"
    left.write_bytes(first.file.read_bytes())
    assert make(30).removed == (left,)
    assert make(31).removed == (first.file,)
    assert sorted(path.name for path in folder.iterdir()) == [
        "foreign.backup", "jikim-20261222-1200.backup", "jikim-20261223-1200.backup", "notes.txt",
    ]  # fmt: skip


def test_nothing_else_is_written_over(portal: Restoring) -> None:
    notes = portal.var / "notes.txt"
    notes.write_text("not ours")
    with pytest.raises(BackupError, match="no backup of this portal"):
        portal.back_up(name="notes.txt")
    portal.back_up()
    portal.back_up()
    newest = portal.settings.keys_backup_file
    with pytest.raises(BackupError, match="is where the backup of the keys is kept"):
        portal.back_up(name=str(newest))
    elsewhere = portal.var / "other.keys"
    elsewhere.write_bytes(newest.read_bytes())
    with pytest.raises(BackupError, match="is there already"):
        portal.back_up(name=elsewhere.name)
    assert notes.read_text() == "not ours"


def test_tools_that_are_older_than_the_server_are_named(
    portal: Restoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pg_tools, "server_major", lambda _url: 99)
    with pytest.raises(BackupError, match=r"The server is PostgreSQL 99, but .* here are 18\."):
        portal.back_up()
    assert not list(portal.var.glob("*.backup"))


def test_what_a_tool_says_is_passed_on_without_what_it_quotes(portal: Restoring) -> None:
    url = portal.db.addresses.owner[0].set(database="nowhere")
    tools = pg_tools.find(portal.db.addresses.owner[0], embedded=True)
    with pytest.raises(BackupError, match=r'pg_dump failed: .*database "nowhere" does not exist'):
        list(pg_tools.dump(tools, url))
    said = b'pg_restore: error: COPY failed for table "x"\nCONTEXT:  COPY x, line 1: "secret"\n'
    assert pg_tools._told("pg_restore", said) == 'pg_restore: error: COPY failed for table "x"'


def test_the_journal_says_that_a_backup_began(portal: Restoring) -> None:
    file = portal.back_up()
    with portal.db.owner_data.connect() as data:
        [one] = data.execute(select(rows_of.c.entry_id, rows_of.c.kind)).all()
    assert one.kind == Noted.BACKED_UP
    assert one.entry_id == backup_file.header_of(file).backup_id
