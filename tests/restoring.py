"""A portal that is backed up and restored, with a folder of its own for keys and journal."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, insert, select

from db import aside, migrate, places, seal_keys
from db.settings import settings
from db.tables import keeping
from db.tables.member import STORES
from db.tables.moves import separation, withdrawal, withdrawal_line
from db.words import Noted, Purpose, Store
from services import access, backup, journal, journal_file, moving, restore
from services.actor import Permission
from services.destroying_rows import purge
from services.house import House
from services.ledger import EventName
from tests.people import NOW, PLAIN, acting, portal_house

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from db.settings import Settings
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

        What a member was told is lost with the data; it was sent.
        """
        tables = [t for s in STORES.values() for t in s.all if t is not s.inbox]
        with self.db.owner_data.connect() as data:
            return {
                table.fullname: {tuple(map(str, row)) for row in data.execute(select(table))}
                for table in (*tables, separation, withdrawal, withdrawal_line)
            }

    def as_member(self, who: UUID, do: Callable[[Subject], Any], at: datetime = LATER) -> Any:  # noqa: ANN401
        """Do something as a member who is freshly verified."""
        actor = acting(who, at=at, verified_at=at)
        with access.open(actor, who, Purpose.CORRECT, look=LOOK) as subject:
            return do(subject)

    def leave(self, who: UUID, at: datetime = LATER, until: date = date(2027, 11, 22)) -> None:
        """Let a member leave as a withdrawal does: e-mail and name stay, under a fresh key."""
        sealer, wrapped = self.db.keyring.new_sealer(Store.RETAINED, who)
        numbers = {"number_digest": who.bytes, "secret_digest": b"s", "signature": b"x" * 64}
        certificate = uuid4()
        rows: list[Any] = [
            (RETAINED.member, {"member_id": who, "created_at": at}),
            *(
                (RETAINED.profile_value, {
                    "member_id": who, "item": item, "seq": 0, "ends_on": until,
                    "sealed": sealer.seal(PLAIN[item].encode(), places.profile(item, 0)),
                })
                for item in ("email", "name")
            ),
            (withdrawal, {
                "withdrawal_id": certificate, "member_id": who, "left_at": at,
                "policy_version": "2021-03-15", "key_id": "k", **numbers,
            }),
            (withdrawal_line, {
                "withdrawal_id": certificate, "line": 1, "kind": "email", "count": 1,
                "destroyed_at": at,
            }),
        ]  # fmt: skip
        with self.db.work.data.begin() as data:
            with self.db.work.keys.begin() as keys:
                moving.announce(keys, {who: wrapped}, Store.RETAINED)
            purge(data, [who])
            for table, row in rows:
                data.execute(insert(table).values(row))
            journal.note(data, Noted.WITHDRAWN, who, at, rows=rows)
        with self.db.work.keys.begin() as keys:
            moving.settle(keys, [who], Store.RETAINED, at)


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
