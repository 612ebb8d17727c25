"""Puts a backup of the data back, and does again all that was done since, before anything opens.

The data comes into a database beside the one that is served (`db.aside`); that takes its place only
when every destruction, clearing, correction, consent and move since the backup has been done again,
and what is due today is destroyed. Killed at any point and run again, it begins anew with the
backup and ends the same: what it does to the keys (destroy, rewrap) only ever goes one way.

The keys stay as they are. Only when their database is lost, or when it is wanted by name, do they
come from their newest backup.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from db import aside, backup_file, backup_keys, engines, keyring, migrate, pg_tools
from db.backup_file import BackupError, What
from db.errors import PortalError
from db.words import N_, Store
from services import (
    destruction,
    export_ending,
    journal,
    journal_file,
    ledger,
    reconcile,
    replay,
    restored,
)
from services import restore_checks as checks
from services.house import House
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Iterator
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
    waiting: int
    """Messages that were on their way at the time of the backup, and go out now."""
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
        checks.fitting(backup[1], old_keys[1] if old_keys else None)
        found = checks.journal_since(
            addresses, backup[1].backup_id, now, unreplayed=wish.unreplayed
        )
        aside.begin(data)
        migrate.ensure_roles(addresses)
        keys_of = _bring_keys(keys, old_keys, key, settings)
        with _given_up(data) if keys_of is None else nullcontext():
            _put_back(data, backup, key, settings)
            _check_keys(aside.addresses(addresses), settings)
        made_at = backup[1].made_at
        report = _do_again(aside.addresses(addresses), settings, (made_at, keys_of), found, now)
        aside.mark(keys, None)
        aside.take_place(data)
    return replace(report, replayed=not wish.unreplayed)


def _bring_keys(
    keys: URL, old: tuple[Path, Header] | None, key: BackupKey, settings: Settings
) -> datetime | None:
    """Restore the keys where they are lost; return of when they are, None if they never were.

    What the keys were restored from stays noted, should this attempt be broken off.
    """
    if old is not None:
        aside.begin(keys)
        _put_back(keys, old, key, settings)
        aside.mark(aside.beside(keys), old[1].made_at)
        aside.take_place(keys)
    migrate.upgrade_one(keys, "keys")
    return aside.marked(keys)


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


@contextmanager
def _given_up(url: URL) -> Iterator[None]:
    """Let what was there go on when the backup can't be put back: nothing has changed yet."""
    try:
        yield
    except PortalError:
        aside.give_up(url)
        raise


def _house(addresses: Addresses, settings: Settings) -> House:
    databases = engines.connect(addresses.roles["portal_work"])
    return House(databases, keyring.load(settings.var / "keys", tuple(Store)))


def _check_keys(addresses: Addresses, settings: Settings) -> None:
    """Raise `BackupError` for keys of another portal: by them everybody would be destroyed."""
    house = _house(addresses, settings)
    try:
        strange = reconcile.nobody_known(house)
    finally:
        house.databases.dispose()
    if strange:
        raise BackupError(
            N_("None of the members in this backup has a key here: these are other keys. "
               "Restore those that belong to it (--keys FILE).")
        )  # fmt: skip


def _do_again(
    addresses: Addresses,
    settings: Settings,
    made_at: tuple[datetime, datetime | None],
    found: Journal,
    now: datetime,
) -> Report:
    """Do in the database beside all that must be done before it is opened.

    `made_at`: of when the data is, and the keys if they come from a backup.
    """
    house, (data_of, keys_of) = _house(addresses, settings), made_at
    databases = house.databases
    try:
        with databases.data.begin() as data:
            waiting = restored.begin_anew(data, now)
        done = replay.run(house, found, data_of, now)
        differences = reconcile.run(house, now, keys_older=keys_of is not None)
        reconcile.follow(house, done.found_by, now)
        export_ending.keyless(house)
        destroyed = destruction.run(databases, now)
        with databases.data.begin() as data:
            seals = restored.set_seals_aside(data, settings.var, data_of)
            ledger.note(data, ledger.Entry(EventName.RESTORED, None), now)
        journal.never(done.left_out, now)
    finally:
        databases.dispose()
    days = tuple(one.day for one in seals)
    return Report(
        data_of, differences.members, waiting, done, differences, destroyed, keys_of, days,
        replayed=True,
    )  # fmt: skip
