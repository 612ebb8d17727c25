"""`kill -9` at any statement of making or destroying a copy: whole or not there, never half.

`CRASHES=1000` tries more instants; each is printed, so that it can be tried again by its number.
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text

from db import sealed_file
from db.tables.exports import export
from db.tables.keeping import destruction
from services import (
    export_ending,
    export_link,
    export_order,
    export_place,
    export_writing,
    exporting,
    exports,
)
from services.export_order import Workshop
from tests.exporting import ask, do, files, folder, keys, made, make, no_files, row, shop
from tests.leaving import signer, worker_house
from tests.people import NOW, PLAIN, acting, member
from tests.services.test_moving_killed import INSTANTS, killed

if TYPE_CHECKING:
    from uuid import UUID

    from services.house import House
    from tests.database import PortalDb

__all__ = ["no_files"]


def let_go(db: PortalDb, which: UUID) -> None:
    """Wait until the server has noticed that the process is dead."""
    with db.owner_data.begin() as data:
        data.execute(select(func.pg_advisory_xact_lock(export_order.number_of(which))))
        data.execute(text("lock table ops.export in access exclusive mode"))


def opened(db: PortalDb, who: UUID, which: UUID) -> bytes:
    actor = acting(who, verified_at=NOW)
    link = export_link.Link(who, which, actor.session_id)
    taken: exports.Taken = do(db, who, lambda subject: exports.take(subject, link), actor)
    file = sealed_file.opened(export_place.path(folder(db), taken.file), taken.size)
    return b"".join(sealed_file.read(file, taken.key, which, taken.size, 0, taken.size))


def whole(db: PortalDb, who: UUID, which: UUID) -> None:
    packed = zipfile.ZipFile(io.BytesIO(opened(db, who, which)))
    assert packed.testzip() is None
    assert PLAIN["email"] in packed.read("data/profile.json").decode()
    assert files(db) == [f"{row(db, which).file}.sealed"]
    assert keys(db) == [which]


def test_making_killed_anywhere(portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_writing, "EVERY", 0.0)
    signs, there, deaths = signer(portal_db), folder(portal_db), 0
    for instant in INSTANTS:
        print("making killed at", instant)  # noqa: T201 (to try it again)
        who = member(portal_db)
        which = ask(portal_db, who)

        def work(house: House, key: tuple[UUID, UUID] = (who, which)) -> None:
            exporting.make(Workshop(house, there, signs), key, NOW)

        deaths += killed(portal_db, work, instant)
        let_go(portal_db, which)
        if row(portal_db, which).state == "done":
            whole(portal_db, who, which)
        else:
            exporting.run(shop(portal_db), NOW)  # sweeps, and leaves what is waited for
            assert make(portal_db, who, which)
        whole(portal_db, who, which)
        do(portal_db, who, exports.destroy)
        assert export_ending.destroy(worker_house(portal_db), there, NOW) == 1
    assert deaths >= 5


@pytest.mark.promise("P13")
def test_destroying_killed_anywhere(portal_db: PortalDb) -> None:
    there, deaths = folder(portal_db), 0
    for instant in range(1, 10):
        print("destroying killed at", instant)  # noqa: T201 (to try it again)
        who = member(portal_db)
        which = made(portal_db, who)
        do(portal_db, who, exports.destroy)
        deaths += killed(portal_db, lambda house: export_ending.destroy(house, there, NOW), instant)
        let_go(portal_db, which)
        export_ending.destroy(worker_house(portal_db), there, NOW)
        assert (row(portal_db, which).file, files(portal_db), keys(portal_db)) == (None, [], [])
        with portal_db.owner_data.connect() as data:
            gone = data.scalar(select(func.count()).where(export.c.destroyed_at.is_not(None)))
            counted = data.scalar(select(destruction.c.rows))
        assert (gone, counted) == (instant, instant)
    assert deaths >= 5
