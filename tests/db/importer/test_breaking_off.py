"""A source that breaks off leaves whole members; a table is never held whole."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

import pytest
from sqlalchemy import func, select

from db import importer
from db.clock import seoul_day
from db.errors import PortalError
from db.importer import map_file, plan, reader, running
from db.importer.storing import Storage
from db.tables.member import LIVE
from tests.importing import (
    FAKE_MAP,
    FULL_MAP,
    NOW,
    PERSON,
    FakeSource,
    Trial,
    adds_up,
    school,
    write_sqlite,
)

if TYPE_CHECKING:
    from pathlib import Path

    from db.importer.source import Row
    from tests.database import PortalDb


@pytest.fixture
def trial(portal_db: PortalDb, tmp_path: Path) -> Trial:
    return Trial(portal_db, tmp_path, FAKE_MAP)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MEMBERS_AT_ONCE", 10)


def take(trial: Trial, source: FakeSource) -> importer.Summary:
    work = trial.db.work
    found = map_file.load(trial.map_path())
    storage = Storage(work.data, work.keys, trial.db.keyring, found.name, NOW, seoul_day(NOW))
    made = plan.make(found, source)
    return running.read(source, made, storage, trial.progress.append, trial.report)


def orders_by_member(trial: Trial) -> list[int]:
    with trial.db.work.data.begin() as data:
        orders = (
            select(func.count(LIVE.record.c.record_id))
            .select_from(LIVE.member.outerjoin(LIVE.record))
            .group_by(LIVE.member.c.member_id)
        )
        return list(data.scalars(orders))


@pytest.mark.parametrize("ends_after", [0, 1, 10, 15, 31, 44, 75, 104, 149])
def test_what_came_in_is_whole_and_the_next_run_completes_it(trial: Trial, ends_after: int) -> None:
    with pytest.raises(importer.ImportStoppedError, match="Run the import again") as caught:
        take(trial, FakeSource(50, ends_after))
    summary = caught.value.summary
    assert set(orders_by_member(trial)) <= {2}, "every member has both orders"
    assert len(orders_by_member(trial)) == summary.parts["people"].came_in
    assert f"{summary.read} of 150 rows" in str(caught.value)
    adds_up(take(trial, FakeSource(50)))
    assert orders_by_member(trial) == [2] * 50


def test_a_source_that_silently_gives_less_than_it_counted_is_no_success(trial: Trial) -> None:
    source = FakeSource(20)
    source.count = lambda name: 25 if name == "people" else 40  # type: ignore[method-assign]
    with pytest.raises(importer.ImportStoppedError, match="fewer rows than it counted"):
        take(trial, source)
    assert orders_by_member(trial) == [2] * 20


class Counted(dict[str, object]):
    """A row that can be watched."""

    __hash__ = object.__hash__  # type: ignore[assignment]


class WatchedSource(FakeSource):
    """Counts the rows that anybody still holds."""

    def __init__(self, members: int) -> None:
        super().__init__(members)
        self.alive: WeakSet[Counted] = WeakSet()
        self.most = 0

    def _given(self, row: Row) -> Row:
        watched = Counted(super()._given(row))
        self.alive.add(watched)
        self.most = max(self.most, len(self.alive))
        return watched


def test_memory_holds_a_batch_and_not_the_table(trial: Trial) -> None:
    source = WatchedSource(400)
    adds_up(take(trial, source))
    assert source.given == 1_200
    assert source.most < 100, "ten members with two orders each, and what is read ahead"


def test_members_with_many_rows_come_in_smaller_batches(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "ROWS_AT_ONCE", 4)
    sizes: list[int] = []
    whole = Storage.store

    def watched(self: Storage, members: list[object], tally: object) -> None:
        sizes.append(len(members))
        whole(self, members, tally)  # type: ignore[arg-type]

    monkeypatch.setattr(Storage, "store", watched)
    adds_up(take(trial, FakeSource(9)))
    assert sizes == [2, 2, 2, 2, 1]


def test_a_torn_database_file_is_said_in_a_sentence(trial: Trial) -> None:
    """The second half of an SQLite file is missing."""
    trial.map = FULL_MAP
    many = [PERSON | {"id": str(at), "mail": f"m{at}@example.com"} for at in range(400)]
    path = write_sqlite(trial.folder / "s.sqlite", school(people=many))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises((importer.ImportStoppedError, PortalError)) as caught:
        trial.run(path)
    assert "ended early" in str(caught.value) or "can't be opened" in str(caught.value)
