"""What must be right before a restore changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from db import aside, backup_file, engines, migrate
from db.backup_file import BackupError, What
from db.words import N_, Store
from services import journal, journal_file

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from sqlalchemy import URL

    from db.backup_file import Header
    from db.backup_keys import BackupKey
    from db.engines import Addresses
    from services.journal_file import Journal

_OTHER: Final = {
    What.DATA: N_("{file} is no backup of data."),
    What.KEYS: N_("{file} is no backup of keys."),
}
_MEMBERS: Final = " or ".join(f"exists (select from {store}.member)" for store in Store)
_KEYS: Final = "exists (select from keys.member_key)"


def readable(file: Path, what: What, key: BackupKey, now: datetime) -> Header:
    """Read a backup to its end, and return what it is. Raise `BackupError` for one not to use."""
    header = backup_file.check(file, key)
    if header.what is not what:
        raise BackupError(_OTHER[what], file=file)
    if header.keep_until is not None and header.keep_until < now:
        # The journal may have let go of what was done after it.
        raise BackupError(
            N_("{file} was to be kept until {day} only, so it can't be used any more."),
            file=file, day=header.keep_until.date(),
        )  # fmt: skip
    if not migrate.knows(what.value, header.revision):
        raise BackupError(
            N_("{file} was made by a newer portal. Update this one first."), file=file
        )
    return header


def keys_wanted(
    url: URL, wanted: Path | None, newest: Path, key: BackupKey, now: datetime
) -> tuple[Path, Header] | None:
    """Return which backup of the keys to restore; None where those of today are there.

    Raise `BackupError` when they are lost and no backup of them can be read.
    """
    if wanted is None and _holds(url, "keys.member_key", _KEYS):
        return None
    file = wanted or newest
    return file, readable(file, What.KEYS, key, now)


def fitting(header: Header, keys: Header | None) -> None:
    """Raise `BackupError` for keys from before the data: whoever joined between has none there."""
    if keys is not None and keys.made_at < header.made_at:
        raise BackupError(
            N_("The backup of the keys is older than that of the data, so some would be missing. "
               "Take an older backup of the data.")
        )  # fmt: skip


def nobody_at_work(addresses: Addresses) -> None:
    """Raise `RestoringError` while portal or worker use one of the databases."""
    if any(aside.at_work(url) for url in addresses.owner):
        raise aside.RestoringError(N_("The portal or a worker is running. Stop it first."))


def nothing_lost(url: URL, *, over: bool) -> None:
    """Raise `BackupError` when members would be replaced and nobody said so."""
    if not over and _holds(url, "retained.member", _MEMBERS):
        raise BackupError(
            N_("There are members in the data. With --over, what is there now is replaced.")
        )


def _holds(url: URL, table: str, anything: str) -> bool:
    """Return whether a database is there, has the table, and anything in it."""
    if not aside.is_there(url):
        return False
    with create_engine(url, poolclass=NullPool).connect() as connection:
        if connection.scalar(text("select to_regclass(:table)"), {"table": table}) is None:
            return False
        return bool(connection.scalar(text(f"select {anything}")))


def journal_since(
    addresses: Addresses, backup_id: UUID, now: datetime, *, unreplayed: bool
) -> Journal:
    """Return the journal, with what the database of until now still knows of it.

    Raise `JournalError` unless it reaches back to the backup.
    """
    if aside.is_there(addresses.owner[0]):
        _ask_present(addresses, now)
    found = journal_file.read() or journal_file.Journal()
    if backup_id not in found.places and not unreplayed:
        raise journal_file.JournalError(
            N_("The journal does not know this backup. Put back var/journal, of every machine; "
               "without it nothing that was done since can be done again (--unreplayed).")
        )  # fmt: skip
    return found


def _ask_present(addresses: Addresses, now: datetime) -> None:
    work = engines.connect(addresses.roles["portal_work"])
    try:
        with work.data.begin() as data:
            journal.settle(data, now)
    except SQLAlchemyError:
        pass  # damaged, or of an older portal: then the files are all there is
    finally:
        work.dispose()
