"""Puts a backup of the data back, and does again all that was done since, before anything opens.

The data comes into a database beside the one that is served (`db.aside`); that takes its place only
when every destruction, clearing, correction, consent and move since the backup has been done again,
and what is due today is destroyed. Killed at any point and run again, it begins anew with the
backup and ends the same: what it does to the keys (destroy, rewrap) only ever goes one way.

The keys stay as they are. Only when their database is lost, or when it is wanted by name, do they
come from their newest backup.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from db import aside, backup_file, backup_keys, engines, keyring, migrate, pg_tools
from db.backup_file import BackupError, What
from db.words import N_, Store
from services import destruction, journal, journal_file, ledger, reconcile, replay, restored
from services import restore_checks as checks
from services.house import House
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path

    from sqlalchemy import URL

    from db.backup_file import Header
    from db.backup_keys import BackupKey
    from db.engines import Addresses
    from db.settings import Settings
    from services.journal_file import Journal

_SCHEMAS: Final = {
    What.DATA: ("live", "dormant", "retained", "ops"),
    What.KEYS: ("keys",),
}
"""Where the worker may vacuum tables to come, as the migrations have it."""


@dataclass(frozen=True)
class Wish:
    """What to restore: `file`; over data that is there (`over`); the keys from a backup (`keys`).

    `unreplayed`: although there is no journal that knows of the backup.
    """

    file: Path
    over: bool = False
    keys: Path | None = None
    unreplayed: bool = False


@dataclass(frozen=True)
class Report:
    """What came back, what was done again, and what is lost."""

    made_at: datetime
    members: int
    done: replay.Done
    differences: reconcile.Differences
    destroyed: destruction.Report
    keys_of: datetime | None
    seals_lost: tuple[date, ...]
    replayed: bool


def run(addresses: Addresses, settings: Settings, wish: Wish, now: datetime) -> Report:
    """Restore, and return what was done. Raise a `PortalError` before anything is changed."""
    data, keys = addresses.owner
    key = backup_keys.load(settings.var / "keys")
    backup = wish.file, checks.readable(wish.file, What.DATA, key, now)
    journal_file.open_in(settings.var)
    with aside.alone(data):
        checks.nobody_at_work(addresses)
        checks.nothing_lost(data, over=wish.over)
        old_keys = checks.keys_wanted(keys, wish.keys, settings.keys_backup_file, key, now)
        keys_header = old_keys[1] if old_keys else None
        checks.fitting(backup[1], keys_header)
        found = checks.journal_since(
            addresses, backup[1].backup_id, now, unreplayed=wish.unreplayed
        )
        aside.begin(data)
        migrate.ensure_roles(addresses)
        if old_keys is not None:
            aside.begin(keys)
            _put_back(keys, old_keys, key, settings)
            aside.take_place(keys)
        migrate.upgrade_one(keys, "keys")
        _put_back(data, backup, key, settings)
        report = _do_again(
            aside.addresses(addresses), settings, (backup[1], keys_header), found, now
        )
        aside.take_place(data)
    return replace(report, replayed=not wish.unreplayed)


def _put_back(url: URL, backup: tuple[Path, Header], key: BackupKey, settings: Settings) -> None:
    """Fill the database beside that of `url`, and bring it to the present schema."""
    (file, header), made = backup, aside.beside(url)
    tools = pg_tools.find(url, embedded=settings.embedded)
    if tools.major < header.postgres:
        raise BackupError(
            N_("{file} was made with PostgreSQL {made}; the tools here are of {found}."),
            file=file, made=header.postgres, found=tools.major,
        )  # fmt: skip
    pg_tools.restore(tools, made, lambda: backup_file.read(file, key))
    pg_tools.default_rights(made, _SCHEMAS[header.what])
    migrate.upgrade_one(made, header.what.value)


def _do_again(
    addresses: Addresses,
    settings: Settings,
    headers: tuple[Header, Header | None],
    found: Journal,
    now: datetime,
) -> Report:
    """Do in the database beside all that must be done before it is opened."""
    databases = engines.connect(addresses.roles["portal_work"])
    house = House(databases, keyring.load(settings.var / "keys", tuple(Store)))
    header, keys_header = headers
    try:
        if reconcile.nobody_known(house):
            raise BackupError(
                N_("None of the members in this backup has a key here: these are other keys. "
                   "Restore those that belong to it (--keys FILE).")
            )  # fmt: skip
        with databases.data.begin() as data:
            restored.begin_anew(data, now)
        done = replay.run(house, found, header.made_at)
        differences = reconcile.run(house, now, keys_older=keys_header is not None)
        reconcile.follow(house, done.found_by, now)
        destroyed = destruction.run(databases, now)
        with databases.data.begin() as data:
            seals = restored.set_seals_aside(data, settings.var, header.made_at)
            ledger.note(data, ledger.Entry(EventName.RESTORED, None), now)
        journal.never(done.left_out, now)
    finally:
        databases.dispose()
    return Report(
        header.made_at, differences.members, done, differences, destroyed,
        keys_header.made_at if keys_header else None, tuple(one.day for one in seals),
        replayed=True,
    )  # fmt: skip
