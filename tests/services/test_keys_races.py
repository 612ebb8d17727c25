"""A key on its way while somebody else wants it: it ends where its member is, or nowhere (P09)."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, text, update

from db.tables import keys as keys_tables
from db.tables.keeping import destruction_run, key_due
from db.tables.moves import move, withdrawal
from db.words import Store
from services import (
    destroying_keys,
    destroying_rows,
    destruction,
    erasing,
    moving,
    verifying,
    waking,
    withdrawing,
)
from services.destroying_members import destroy_members
from tests.leaving import leave, signer, wish_to_leave, worker_house
from tests.people import NOW, member
from tests.services.test_destroying_keys import files, gone, note_due, part_of
from tests.services.test_moving import email, stores_of
from tests.services.test_moving_races import meanwhile, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from sqlalchemy import Engine

    from services.destroying_rows import Batch
    from services.erasing import _Part
    from tests.database import PortalDb

KEY = keys_tables.member_key


def keys_of(db: PortalDb, who: UUID) -> list[tuple[str, str | None]]:
    with db.owner_keys.connect() as keys:
        found = select(KEY.c.store, KEY.c.next_store).where(KEY.c.member_id == who)
        return [tuple(row) for row in keys.execute(found)]


def on_its_way(db: PortalDb, who: UUID, source: Store, target: Store) -> None:
    """Give a key the wrap of another store, as before the rows move."""
    with db.work.keys.begin() as keys:
        assert moving.rewrap(keys, db.keyring, [who], source, target) == [who]


@pytest.mark.promise("P05", "P09")
def test_who_leaves_while_their_key_falls_asleep_keeps_what_is_to_be_kept(
    portal_db: PortalDb,
) -> None:
    who = member(portal_db, Store.DORMANT)
    house, signs = worker_house(portal_db), signer(portal_db)
    on_its_way(portal_db, who, Store.DORMANT, Store.LIVE)
    with portal_db.work.keys.begin() as keys:
        moving.settle(keys, [who], Store.LIVE, NOW)
    on_its_way(portal_db, who, Store.LIVE, Store.DORMANT)  # the rows are there already
    wish_to_leave(portal_db, who, NOW)
    with portal_db.work.keys.begin() as keys:
        assert moving.settle(keys, [who], Store.DORMANT, NOW) == 1
        leaving = meanwhile(lambda: withdrawing.withdraw(house, signs, who, NOW))
        wait_for(portal_db)
    assert leaving.result(60)
    assert stores_of(portal_db, who) == [Store.RETAINED]
    assert keys_of(portal_db, who) == [(Store.RETAINED, None)]
    assert email(portal_db, who) == "haneul@example.com"


def test_nobody_leaves_whose_key_is_gone_meanwhile(portal_db: PortalDb) -> None:
    who, house = member(portal_db), worker_house(portal_db)
    wish_to_leave(portal_db, who, NOW)
    with portal_db.work.keys.begin() as keys:
        keys.execute(KEY.delete().where(KEY.c.member_id == who))
        leaving = meanwhile(lambda: withdrawing.withdraw_all(house, signer(portal_db), NOW))
        wait_for(portal_db)
    assert leaving.result(60) == 0, "and whoever comes after them in line is not held up"
    assert stores_of(portal_db, who) == [Store.LIVE]
    assert withdrawing.withdraw_all(house, signer(portal_db), NOW) == 1, "without a key, next time"


@pytest.mark.promise("P15")
def test_a_key_going_over_to_who_left_is_destroyed_all_the_same(portal_db: PortalDb) -> None:
    who = member(portal_db)
    on_its_way(portal_db, who, Store.LIVE, Store.RETAINED)
    note_due(portal_db, who)
    with portal_db.work.keys.begin() as keys:
        assert moving.settle(keys, [who], Store.RETAINED, NOW) == 1
        hourly = meanwhile(lambda: destroying_keys.destroy_keys(portal_db.work, NOW))
        wait_for(portal_db)
    hourly.result(60)
    assert keys_of(portal_db, who) == []


def test_a_withdrawal_waits_for_no_vacuum_of_data(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone(portal_db)
    other, there, go_on, real = member(portal_db), Event(), Event(), erasing._vacuum

    def slow(part: _Part) -> None:
        if not part.name.startswith("keys."):
            there.set()
            assert go_on.wait(60)
        real(part)

    monkeypatch.setattr(erasing, "_vacuum", slow)
    daily = meanwhile(lambda: destruction.run(portal_db.work, NOW))
    try:
        assert there.wait(60)
        meanwhile(lambda: destroying_keys.erase_key_of(portal_db.work, other)).result(20)
    finally:
        go_on.set()
    assert daily.result(60).erased


class Cut(BaseException):
    """The process ends here."""


def cut(*_given: object, **_more: object) -> Any:  # noqa: ANN401
    raise Cut


@pytest.mark.promise("P15")
def test_killed_before_the_old_key_left_the_files_the_next_run_takes_it(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, house = member(portal_db, values=(), records=()), worker_house(portal_db)
    part = part_of(portal_db, who)
    wish_to_leave(portal_db, who, NOW)
    with monkeypatch.context() as patched, pytest.raises(Cut):
        patched.setattr(destroying_keys, "erase_key_of", cut)
        withdrawing.withdraw(house, signer(portal_db), who, NOW)
    with portal_db.owner_data.begin() as data:
        assert data.scalars(select(key_due.c.member_id)).all() == [who]
        # Another run closed the day's record before the key had gone over.
        data.execute(update(destruction_run).values(verified_at=NOW))
    before = files(portal_db)[part]
    destruction.run(portal_db.work, NOW)
    assert files(portal_db)[part] != before
    assert keys_of(portal_db, who) == []
    with portal_db.owner_data.begin() as data:
        assert data.scalar(select(withdrawal.c.erased_at)) is not None


def test_a_certificate_says_nothing_of_files_before_the_key_has_gone(portal_db: PortalDb) -> None:
    who = member(portal_db)
    leave(portal_db, who)
    on = {"store": Store.LIVE, "next_store": Store.RETAINED, "next_wrapped": b"fresh"}
    with portal_db.owner_keys.begin() as keys:
        keys.execute(update(KEY).where(KEY.c.member_id == who).values(on))
    assert destruction.run(portal_db.work, NOW).erased
    with portal_db.owner_data.begin() as data:
        assert data.scalar(select(withdrawal.c.erased_at)) is None


def test_who_goes_on_after_another_closed_the_record_opens_it_again(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = destruction._finish

    def with_another_between(data: Engine, batch: Batch) -> Iterator[tuple[int, int]]:
        with monkeypatch.context() as patched:
            patched.setattr(destruction, "destroy_members", destroy_members)
            patched.setattr(destruction, "_finish", finish)
            destruction.run(portal_db.work, NOW)
        assert closed(portal_db) == [True, True]
        gone(portal_db)
        yield from destroy_members(data, batch)

    gone(portal_db)
    with monkeypatch.context() as patched, pytest.raises(Cut):
        patched.setattr(destruction, "destroy_members", with_another_between)
        patched.setattr(destruction, "_finish", cut)
        destruction.run(portal_db.work, NOW)
    assert closed(portal_db) == [False, True]
    assert destruction.run(portal_db.work, NOW).keys == 1
    assert closed(portal_db) == [True, True]


def test_a_record_that_grows_during_the_vacuum_is_not_closed(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = verifying._left_over

    def grow(*given: Any) -> int:  # noqa: ANN401
        with portal_db.work.data.begin() as data:
            [run_id] = data.scalars(select(destruction_run.c.run_id))
            batch = destroying_rows.Batch(run_id, NOW, 1)
            destroying_rows.record(data, batch, (Store.RETAINED, "visit", "2021-03-15"), 1)
        return real(*given)

    gone(portal_db)
    with monkeypatch.context() as patched:
        patched.setattr(verifying, "_left_over", grow)
        destruction.run(portal_db.work, NOW)
    assert closed(portal_db) == [False]
    destruction.run(portal_db.work, NOW)
    assert closed(portal_db) == [True]


def test_who_was_closed_by_another_vacuums_what_came_after(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, finish = [], destruction._finish

    def another_closes_it(*given: Any) -> None:  # noqa: ANN401
        finish(*given)
        with monkeypatch.context() as patched:
            patched.setattr(destruction, "_finish", finish)
            destruction.run(portal_db.work, NOW)
        assert closed(portal_db) == [True]
        seen.append(file_of(portal_db, "retained.member"))

    gone(portal_db)
    member(portal_db, Store.RETAINED)  # so that the table is not empty
    monkeypatch.setattr(destruction, "_finish", another_closes_it)
    assert destruction.run(portal_db.work, NOW).erased
    assert file_of(portal_db, "retained.member") not in seen


@pytest.mark.parametrize("lost", [False, True], ids=["stuck", "lost"])
def test_one_who_cannot_be_woken_holds_nobody_up(portal_db: PortalDb, *, lost: bool) -> None:
    house, one, other = (
        worker_house(portal_db),
        *(member(portal_db, Store.DORMANT) for _ in range(2)),
    )
    if lost:
        with portal_db.work.keys.begin() as keys:
            keys.execute(KEY.delete().where(KEY.c.member_id == one))
    else:  # killed before the key followed the rows
        stuck = {"store": Store.LIVE, "wrapped": wrap(portal_db, one, Store.LIVE)}
        moving_to = {"next_store": Store.DORMANT, "next_wrapped": KEY.c.wrapped}
        with portal_db.work.keys.begin() as keys:
            keys.execute(update(KEY).where(KEY.c.member_id == one).values(stuck | moving_to))
    with portal_db.owner_data.begin() as data:
        for who in (one, other):
            data.execute(insert(move).values(
                member_id=who, kind="reactivate", asked_at=NOW, actor_kind="self", actor_id=who,
                session_id=who, language="ko"))  # fmt: skip
    assert waking.wake_all(house, NOW) == (1 if lost else 2)
    assert stores_of(portal_db, other) == [Store.LIVE]


def test_a_key_that_missed_one_move_and_was_announced_for_another_finds_its_member(
    portal_db: PortalDb,
) -> None:
    who = member(portal_db)
    asleep = {"store": Store.DORMANT, "wrapped": wrap(portal_db, who, Store.DORMANT)}
    leaving = {"next_store": Store.RETAINED, "next_wrapped": b"of a wish that fell away"}
    with portal_db.work.keys.begin() as keys:
        keys.execute(update(KEY).where(KEY.c.member_id == who).values(asleep | leaving))
    moving.finish(worker_house(portal_db), NOW)
    assert keys_of(portal_db, who) == [(Store.LIVE, None)]
    assert email(portal_db, who) == "haneul@example.com"


@pytest.mark.promise("P15")
def test_keys_of_cases_and_copies_go_with_who_leaves_though_the_worker_died(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, house = member(portal_db), worker_house(portal_db)
    more = (keys_tables.case_key, keys_tables.export_key)
    with portal_db.owner_keys.begin() as keys:
        for table in more:
            own = next(iter(table.primary_key)).name
            row = {own: who, "member_id": who, "wrapped": b"of it", "created_at": NOW}
            keys.execute(insert(table).values(row))
    wish_to_leave(portal_db, who, NOW)
    with monkeypatch.context() as patched, pytest.raises(Cut):
        patched.setattr(withdrawing, "_settle", cut)
        withdrawing.withdraw(house, signer(portal_db), who, NOW)
    before = [file_of(portal_db, table.fullname, keys=True) for table in more]
    withdrawing.withdraw_all(house, signer(portal_db), NOW)
    destruction.run(portal_db.work, NOW)
    with portal_db.owner_keys.connect() as keys:
        assert [keys.execute(select(table)).all() for table in more] == [[], []]
    after = [file_of(portal_db, table.fullname, keys=True) for table in more]
    assert not set(before) & set(after)


def test_a_certificate_waits_for_a_key_that_is_due(portal_db: PortalDb) -> None:
    who = member(portal_db)
    leave(portal_db, who)
    ready = verifying._open(portal_db.work, None, destroying_keys.Gone())
    assert len(ready.withdrawals) == 1
    note_due(portal_db, who)
    assert verifying._open(portal_db.work, None, destroying_keys.Gone()).withdrawals == []
    ready = verifying._open(portal_db.work, None, destroying_keys.Gone([who]))
    assert len(ready.withdrawals) == 1


def wrap(db: PortalDb, who: UUID, store: Store) -> bytes:
    """Return a member's key as another store wraps it."""
    with db.work.keys.connect() as keys:
        row = keys.execute(select(KEY).where(KEY.c.member_id == who)).one()
    return db.keyring.rewrap(Store(row.store), store, who, row.wrapped)


def file_of(db: PortalDb, table: str, *, keys: bool = False) -> int | None:
    """Return in which file a table is."""
    with (db.owner_keys if keys else db.owner_data).connect() as connection:
        found = text("select pg_relation_filenode(cast(:name as regclass))")
        number: int | None = connection.scalar(found, {"name": table})
        return number


def closed(db: PortalDb) -> list[bool]:
    """Return of each run, those still open first, whether its record is closed."""
    with db.owner_data.connect() as data:
        return sorted(at is not None for at in data.scalars(select(destruction_run.c.verified_at)))
