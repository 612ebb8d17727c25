"""Backs the two databases up, apart from each other, with PostgreSQL's own tools (P23).

A backup of data goes wherever its owner says and may be kept 30 days; it holds no member's key and
no blind index. Of the keys only the newest backup is kept, in one place (`PORTAL_KEYS_BACKUP`):
what was destroyed in the one database is then destroyed in every backup. Both are encrypted under
`var/keys/backup.key`, which is in neither.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from db import backup_file, backup_keys, engines, migrate, pg_tools
from db.backup_file import BackupError, Header, What
from db.clock import SEOUL
from db.words import N_, Noted
from services import journal, journal_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import URL

    from db.backup_keys import BackupKey
    from db.engines import Addresses
    from db.settings import Settings

KEPT: Final = timedelta(days=30)
"""How long a backup of data may be kept: so long what a member had cleared is still in one."""
_ALONE: Final = 7_251_108
"""Advisory lock: one backup at a time."""


@dataclass(frozen=True)
class Made:
    """What was written, until when it may be kept, and which older ones are gone now."""

    file: Path
    keep_until: datetime
    keys_file: Path
    removed: tuple[Path, ...]


def make(addresses: Addresses, settings: Settings, target: Path, now: datetime) -> Made:
    """Back up data, then keys; `target` is a file, or a folder in which one is named by the time.

    Backups of ours beside it that may not be kept any longer are removed. Raise `BackupError`.
    """
    backup_keys.create(settings.var / "keys")
    key = backup_keys.load(settings.var / "keys")
    file = (
        target / f"jikim-{now.astimezone(SEOUL):%Y%m%d-%H%M}.backup" if target.is_dir() else target
    )
    _may_write(file, settings.keys_backup_file, key)
    data, keys = addresses.owner
    with _alone(data):
        backup_id = _begin(addresses, settings, now)
        tools = pg_tools.find(data, embedded=settings.embedded)
        said = Header(
            What.DATA, backup_id, now, now + KEPT, key.key_id, tools.major,
            migrate.revision_of(data),
        )  # fmt: skip
        backup_file.write(file, said, key, pg_tools.dump(tools, data))
        # After the data: whoever is in that has a key in this one.
        back_up_keys(keys, settings, key, now)
        removed = tuple(_remove_old(file, key, now))
    return Made(file, now + KEPT, settings.keys_backup_file, removed)


def _may_write(file: Path, keys_file: Path, key: BackupKey) -> None:
    """Refuse to write over what is no backup of data of ours."""
    if file.resolve() == keys_file.resolve():
        raise BackupError(N_("{file} is where the backup of the keys is kept."), file=file)
    if not file.exists():
        return
    held = backup_file.header_of(file)
    if held.what is not What.DATA or held.key_id != key.key_id:
        raise BackupError(
            N_("{file} is there already, and no backup of data of this portal."), file=file
        )


@contextmanager
def _alone(url: URL) -> Iterator[None]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        if not connection.scalar(text(f"select pg_try_advisory_lock({_ALONE})")):
            raise BackupError(N_("Another backup is being made."))
        yield


def _begin(addresses: Addresses, settings: Settings, now: datetime) -> UUID:
    """Note in the journal that a backup begins, and return its id.

    A restore of it wants to find this: a journal without it can't tell all that came after.
    """
    backup_id = uuid4()
    journal_file.open_in(settings.var)
    work = engines.connect(addresses.roles["portal_work"])
    try:
        with work.data.begin() as data:
            journal.keep(data, [journal.Entry(backup_id, now, Noted.BACKED_UP, None, {})])
        with work.data.begin() as data:
            journal.settle(data, now)
    finally:
        work.dispose()
    return backup_id


def back_up_keys(url: URL, settings: Settings, key: BackupKey, now: datetime) -> None:
    """Write the keys' backup in place of the one before, so that it holds no key of before."""
    file = settings.keys_backup_file
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    tools = pg_tools.find(url, embedded=settings.embedded)
    said = Header(What.KEYS, uuid4(), now, None, key.key_id, tools.major, migrate.revision_of(url))
    backup_file.write(file, said, key, pg_tools.dump(tools, url))


def _remove_old(made: Path, key: BackupKey, now: datetime) -> Iterator[Path]:
    """Remove backups of data of ours whose time is over, and drafts that a kill left."""
    for path in sorted(made.parent.iterdir()):
        held = None
        with suppress(BackupError):
            held = backup_file.header_of(path) if path.is_file() else None
        if held is None or held.key_id != key.key_id or held.what is not What.DATA:
            continue
        over = held.keep_until is not None and held.keep_until < now
        if over or backup_file.is_draft(path):
            path.unlink()
            yield path
