"""A portal that is backed up and restored, with a folder of its own for keys and journal."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from db import seal_keys
from db.settings import settings
from db.tables.member import STORES
from db.tables.moves import separation
from db.words import Purpose, Store
from services import access, backup, journal, journal_file, restore
from services.actor import Permission
from services.house import House
from services.ledger import EventName
from tests.people import NOW, acting, portal_house

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from uuid import UUID

    from db.settings import Settings
    from services.restore import Report
    from services.subject import Subject
    from tests.database import PortalDb

LATER = NOW + timedelta(hours=1)
LOOK = access.Look(EventName.CORRECTION_VIEWED, Permission.PROFILE_CORRECT, "/edit", folds=False)
_NOT_CARRIED = {"inbox"}
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

    def restore(self, file: Path, now: datetime = LATER, **wish: Any) -> Report:  # noqa: ANN401
        """Restore over what is there, with nobody at work."""
        self.stop()
        whole = restore.Wish(file, **({"over": True} | wish))
        return restore.run(self.db.addresses, self.settings, whole, now)

    def stop(self) -> None:
        """Let go of every connection, as portal and worker do when they stop."""
        self.db.web.dispose()
        self.db.work.dispose()

    def settle(self, now: datetime = LATER) -> bool:
        """Let the worker say which entries happened."""
        with self.db.work.data.begin() as data:
            return journal.settle(data, now)

    def held(self) -> Held:
        """Return every row about a member that a restore must bring to where it was."""
        tables = [t for store in Store for t in STORES[store].all if t.name not in _NOT_CARRIED]
        with self.db.owner_data.connect() as data:
            return {
                table.fullname: {tuple(map(str, row)) for row in data.execute(select(table))}
                for table in (*tables, separation)
            }

    def as_member(
        self,
        who: UUID,
        do: Callable[[Subject], Any],
        at: datetime = LATER,
        whose: UUID | None = None,
    ) -> Any:  # noqa: ANN401
        """Do something as a member who is freshly verified."""
        actor = acting(who, at=at, verified_at=at)
        with access.open(actor, whose or who, Purpose.CORRECT, look=LOOK) as subject:
            return do(subject)


@pytest.fixture
def portal(portal_db: PortalDb, tmp_path: Path) -> Iterator[Restoring]:
    """Return an empty portal that writes its journal."""
    shutil.copytree(portal_db.var / "keys", tmp_path / "keys")
    seal_keys.create(tmp_path / "keys")
    portal_house(portal_db)
    journal_file.open_in(tmp_path)
    yield Restoring(portal_db, settings().model_copy(update={"var": tmp_path}))
    journal_file.close()
