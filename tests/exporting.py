"""Copies of a member's data, for tests: asked for on a page, made by the worker."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from db.tables.exports import export
from db.tables.keys import export_key
from db.words import ExportGroup, Purpose
from services import access, export_place, exporting, exports
from services.actor import Permission
from services.archive import Order
from services.export_order import Workshop
from services.ledger import EventName
from tests.leaving import signer, worker_house
from tests.people import NOW, acting, portal_house

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from sqlalchemy import Row

    from services.actor import Actor
    from services.subject import Subject
    from tests.database import PortalDb

ALL = Order(frozenset(ExportGroup), "ko")
LOOK = access.Look(EventName.EXPORT_ASKED, Permission.DATA_EXPORT, "/export", folds=False)


def shop(db: PortalDb, **changes: Any) -> Workshop:  # noqa: ANN401
    """Return what the worker makes copies with, and give it to this process."""
    return Workshop(worker_house(db), folder(db), signer(db), **changes)


def folder(db: PortalDb) -> Path:
    """Return where files are kept."""
    return export_place.folder(db.var)


def do(db: PortalDb, who: UUID, what: Callable[[Subject], Any], actor: Actor | None = None) -> Any:  # noqa: ANN401
    """Do one thing as the portal, freshly verified."""
    portal_house(db)
    actor = actor or acting(who, verified_at=NOW)
    with access.open(actor, who, Purpose.EXPORT, look=LOOK) as subject:
        return what(subject)


def ask(db: PortalDb, who: UUID, actor: Actor | None = None, order: Order = ALL) -> UUID:
    """Ask for a copy; return which."""
    which: UUID = do(db, who, lambda subject: exports.ask(subject, order), actor)
    return which


def make(db: PortalDb, who: UUID, which: UUID, at: datetime = NOW, **changes: Any) -> bool:  # noqa: ANN401
    """Let the worker make it."""
    return exporting.make(shop(db, **changes), (who, which), at)


def made(db: PortalDb, who: UUID, at: datetime = NOW) -> UUID:
    """Ask for a copy and have it made; return which."""
    which = ask(db, who, acting(who, at=at, verified_at=at))
    assert make(db, who, which, at)
    return which


def row(db: PortalDb, which: UUID) -> Row[Any]:
    """Return the row as it stands."""
    with db.owner_data.connect() as data:
        return data.execute(select(export).where(export.c.export_id == which)).one()


def files(db: PortalDb) -> list[str]:
    """Return the names of the files that are there, whole or not."""
    return sorted(one.name for one in folder(db).iterdir()) if folder(db).is_dir() else []


def keys(db: PortalDb) -> list[UUID]:
    """Return which copies have a key."""
    with db.owner_keys.connect() as connection:
        return list(connection.scalars(select(export_key.c.export_id)))


@pytest.fixture(autouse=True)
def no_files(portal_db: PortalDb) -> Iterator[None]:
    """Let no other test's files be there."""
    shutil.rmtree(folder(portal_db), ignore_errors=True)
    yield
    shutil.rmtree(folder(portal_db), ignore_errors=True)
