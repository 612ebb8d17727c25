"""A portal that is backed up and restored, with a folder of its own for keys and journal."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select

from db import aside, migrate, seal_keys
from db.settings import settings
from db.tables import keeping
from db.tables.member import STORES
from db.tables.moves import separation, withdrawal, withdrawal_line
from db.words import Purpose, Store
from services import access, backup, journal, journal_file, restore, withdrawing
from services.actor import Permission
from services.house import House
from services.ledger import EventName
from tests import leaving
from tests.people import NOW, acting, portal_house

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from db.settings import Settings
    from services.certificate import Certificate
    from services.restore import Report
    from services.subject import Subject
    from tests.database import PortalDb

HOUR = timedelta(hours=1)
LATER = NOW + HOUR
"""When things are done after the backup."""
AT = NOW + 3 * HOUR
"""When it is restored."""
LOOK = access.Look(EventName.CORRECTION_VIEWED, Permission.PROFILE_CORRECT, "/edit", folds=False)
RETAINED = STORES[Store.RETAINED]
Held = dict[str, set[tuple[str, ...]]]


@dataclass
class Restoring:
    """The databases, and what backup and restore are given."""

    db: PortalDb
    settings: Settings

    @property
    def var(self) -> Path:
        """Return the folder of keys and journal."""
        return self.settings.var

    @property
    def house(self) -> House:
        """Return what the worker has."""
        return House(self.db.work, self.db.keyring)

    def back_up(self, now: datetime = NOW, name: str = "data.backup") -> Path:
        """Make a backup and return its file."""
        return backup.make(self.db.addresses, self.settings, self.var / name, now).file

    def restore(self, file: Path, now: datetime = AT, **wish: Any) -> Report:  # noqa: ANN401
        """Restore over what is there, with nobody at work."""
        self.stop()
        whole = restore.Wish(file, **({"over": True} | wish))
        return restore.run(self.db.addresses, self.settings, whole, now)

    def stop(self) -> None:
        """Let go of every connection, as portal and worker do when they stop."""
        self.db.web.dispose()
        self.db.work.dispose()

    @contextmanager
    def nothing_noted(self) -> Iterator[None]:
        """Lose whatever the journal is told meanwhile, as when its disk is lost."""
        folder, copy = self.var / journal_file.FOLDER, self.var / "journal.copy"
        shutil.copytree(folder, copy)
        yield
        shutil.rmtree(folder)
        copy.rename(folder)
        with self.db.owner_data.begin() as data:
            data.execute(delete(keeping.journal))
        journal_file.close()
        journal_file.open_in(self.var)

    def settle(self) -> None:
        """Let the worker say which entries happened."""
        with self.db.work.data.begin() as data:
            assert journal.settle(data, AT)

    def held(self) -> Held:
        """Return every row about a member that a restore brings to where it was.

        What a member was told is lost with the data; it was sent. When the files were clean is
        another instant each time.
        """
        tables = [t for s in STORES.values() for t in s.all if t is not s.inbox]
        with self.db.owner_data.connect() as data:
            return {
                table.fullname: {
                    tuple(map(str, row))
                    for row in data.execute(select(*(c for c in table.c if c.name != "erased_at")))
                }
                for table in (*tables, separation, withdrawal, withdrawal_line)
            }

    def as_member(self, who: UUID, do: Callable[[Subject], Any], at: datetime = LATER) -> Any:  # noqa: ANN401
        """Do something as a member who is freshly verified."""
        actor = acting(who, at=at, verified_at=at)
        with access.open(actor, who, Purpose.CORRECT, look=LOOK) as subject:
            return do(subject)

    def leave(self, who: UUID, at: datetime = LATER) -> Certificate:
        """Let a member leave."""
        made = leaving.ask(self.db, who, at)
        assert withdrawing.withdraw(self.house, seal_keys.signer(self.var / "keys"), who, at)
        portal_house(self.db)
        return made


@pytest.fixture
def portal(portal_db: PortalDb, tmp_path: Path) -> Iterator[Restoring]:
    """Return an empty portal that writes its journal."""
    shutil.copytree(portal_db.var / "keys", tmp_path / "keys")
    seal_keys.create(tmp_path / "keys")
    portal_house(portal_db)
    journal_file.open_in(tmp_path)
    yield Restoring(portal_db, settings().model_copy(update={"var": tmp_path}))
    journal_file.close()
    # A test that failed must not take the others' databases along.
    for url in portal_db.addresses.owner:
        aside.give_up(url)
    migrate.upgrade(portal_db.addresses)
