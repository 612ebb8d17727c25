"""A copy is made whole or not at all, goes to nobody else, and ends with its key (P29, P30)."""

from __future__ import annotations

import errno
import io
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text, update

from db import company_keys, sealed_file
from db.sealing import SealError
from db.settings import Settings
from db.tables import ops
from db.tables.exports import export
from db.tables.keeping import destruction, destruction_run
from db.tables.ledger import event
from db.tables.member import LIVE
from db.words import ExportGroup, Purpose, Store
from services import (
    access,
    archive,
    export_ending,
    export_link,
    export_place,
    export_writing,
    exporting,
    exports,
    jobs,
    waking,
    withdrawing,
    worker,
)
from services import destruction as destroying
from services.actor import AccessDenied, StepUpRequired
from services.archive import Order
from services.exports import ExportError, GoneError
from services.worker_app import APP
from tests.exporting import ALL, LOOK, ask, do, files, folder, keys, made, make, no_files, row, shop
from tests.leaving import ask as ask_to_leave
from tests.leaving import leave, signer, wish_to_leave, worker_house
from tests.people import NOW, PLAIN, acting, child_of, member, portal_house
from tests.services.test_dormancy import wish

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO
    from uuid import UUID

    from services.actor import Actor
    from services.archive import Made, Source
    from tests.database import PortalDb

__all__ = ["no_files"]

Progress = "Callable[[int], None]"


def told(db: PortalDb) -> list[tuple[UUID, str]]:
    with db.owner_data.connect() as data:
        rows = select(ops.outbox.c.member_id, ops.outbox.c.template)
        return [(r.member_id, r.template) for r in data.execute(rows)]


def events(db: PortalDb, who: UUID) -> list[str]:
    with db.owner_data.connect() as data:
        mine = select(event.c.name).where(event.c.member_id == who).order_by(event.c.event_id)
        return [name for name in data.scalars(mine) if name.startswith("export_")]


def plain(db: PortalDb, who: UUID, which: UUID, actor: Actor | None = None) -> bytes:
    """Return the file as its member gets it, or the guardian who had it made."""
    actor = actor or acting(who, verified_at=NOW)
    link = export_link.Link(who, which, actor.session_id)
    taken: exports.Taken = do(db, who, lambda subject: exports.take(subject, link), actor)
    opened = sealed_file.opened(export_place.path(folder(db), taken.file), taken.size)
    return b"".join(sealed_file.read(opened, taken.key, which, taken.size, 0, taken.size))


def during(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen in the middle of the making, after which it goes on."""
    write = archive.write

    def writing(
        source: Source, order: Order, sink: BinaryIO, progress: Callable[[int], None]
    ) -> Made:
        happens()
        progress(1)
        return write(source, order, sink, progress)

    monkeypatch.setattr(archive, "write", writing)


@pytest.mark.promise("P29")
@pytest.mark.parametrize("store", [Store.LIVE, Store.DORMANT])
def test_a_copy_is_made_sealed_and_opens_for_its_member(portal_db: PortalDb, store: Store) -> None:
    who = member(portal_db, store)
    which = made(portal_db, who)
    (name,) = files(portal_db)
    file = folder(portal_db) / name
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    for value in PLAIN.values():
        assert value.encode() not in file.read_bytes()
    found = row(portal_db, which)
    assert (found.state, found.ends_on) == ("done", (NOW + timedelta(days=7)).date())
    packed = zipfile.ZipFile(io.BytesIO(plain(portal_db, who, which)))
    assert packed.testzip() is None
    assert PLAIN["email"] in packed.read("data/profile.json").decode()
    assert events(portal_db, who)[:2] == ["export_asked", "export_made"]
    assert str(who) not in name
    assert keys(portal_db) == [which]


def test_one_at_a_time_and_none_without_a_verification(portal_db: PortalDb) -> None:
    who = member(portal_db)
    with pytest.raises(StepUpRequired):
        ask(portal_db, who, acting(who))
    with pytest.raises(ExportError):
        ask(portal_db, who, order=Order(frozenset(), "ko"))
    which = ask(portal_db, who)
    with pytest.raises(ExportError):
        ask(portal_db, who)
    assert make(portal_db, who, which)
    with pytest.raises(ExportError):
        ask(portal_db, who)
    assert do(portal_db, who, exports.destroy)
    again = ask(portal_db, who)
    assert again != which


def test_a_large_one_is_put_off_to_the_long_work_and_made_there(portal_db: PortalDb) -> None:
    who = member(portal_db)
    which = ask(portal_db, who)
    assert not make(portal_db, who, which, most=3)
    assert (row(portal_db, which).state, row(portal_db, which).attempts) == ("asked", 0)
    assert files(portal_db) == keys(portal_db) == []
    with portal_db.owner_data.connect() as data:
        found = data.execute(text("select * from jobs.procrastinate_jobs order by id")).all()
    assert [one.task_name for one in found] == [jobs.EXPORT, jobs.LARGE_EXPORT]
    assert found[1].args == {"member_id": str(who), "export_id": str(which)}
    assert jobs.LARGE_EXPORT in APP.tasks
    assert make(portal_db, who, which)


def test_a_large_one_that_nobody_wants_any_more_is_not_made(portal_db: PortalDb) -> None:
    who = member(portal_db)
    which = ask(portal_db, who)
    assert not make(portal_db, who, which, most=3)
    assert do(portal_db, who, exports.cancel)
    assert not make(portal_db, who, which)
    assert row(portal_db, which).state == "cancelled"


@pytest.mark.promise("P05", "P13")
def test_the_worker_makes_destroys_and_ends_them_with_who_leaves(portal_db: PortalDb) -> None:
    company_keys.create(portal_db.var / "keys")
    signer(portal_db)
    settings = Settings(var=portal_db.var, port=1)
    who, leaver = member(portal_db), member(portal_db)
    which, other = ask(portal_db, who), ask(portal_db, leaver)
    worker.run_worker(portal_db.addresses, settings, wait=False)
    assert [row(portal_db, one).state for one in (which, other)] == ["done", "done"]
    assert sorted(keys(portal_db)) == sorted([which, other])
    do(portal_db, who, exports.destroy)
    ask_to_leave(portal_db, leaver)
    worker.run_worker(portal_db.addresses, settings, wait=False)
    assert row(portal_db, which).state == "destroyed"
    gone(portal_db, leaver)


def test_of_two_tabs_that_ask_at_once_the_second_is_told(portal_db: PortalDb) -> None:
    who = member(portal_db)
    portal_house(portal_db)
    actor = acting(who, verified_at=NOW)

    def ask_too() -> UUID:
        with access.open(actor, who, Purpose.EXPORT, look=LOOK) as subject:
            return exports.ask(subject, ALL)

    with ThreadPoolExecutor(1) as other:
        with access.open(actor, who, Purpose.EXPORT, look=LOOK) as subject:
            which = exports.ask(subject, ALL)
            second = other.submit(ask_too)
            waits_for_a_lock(portal_db)
        with pytest.raises(ExportError):
            second.result(30)
    assert row(portal_db, which).state == "asked"


def waits_for_a_lock(db: PortalDb) -> None:
    query = text("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")
    for _ in range(10_000):
        with db.owner_data.connect() as data:
            if data.scalar(query):
                return
    raise AssertionError


def test_two_workers_make_it_once(portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch) -> None:
    who = member(portal_db)
    which = ask(portal_db, who)
    other: list[bool] = []
    at_work = shop(portal_db)
    during(monkeypatch, lambda: other.append(exporting.make(at_work, (who, which), NOW)))
    assert exporting.make(at_work, (who, which), NOW)
    assert other == [False]
    assert not make(portal_db, who, which)
    assert events(portal_db, who).count("export_made") == 1


def test_what_is_chosen_is_what_is_made(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Order] = []
    write = archive.write

    def note(source: Source, order: Order, sink: BinaryIO, progress: Any) -> Made:  # noqa: ANN401
        asked.append(order)
        return write(source, order, sink, progress)

    monkeypatch.setattr(archive, "write", note)
    order = Order(frozenset({ExportGroup.PROFILE, ExportGroup.HISTORY}), "en", workbook=True)
    who = member(portal_db)
    assert make(portal_db, who, ask(portal_db, who, order=order))
    assert asked == [order]


def test_it_says_how_far_it_is_and_stops_when_told(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_writing, "EVERY", 0.0)
    who = member(portal_db)
    which = ask(portal_db, who)
    seen: list[tuple[int, int]] = []

    def write(_s: Source, _o: Order, sink: BinaryIO, progress: Callable[[int], None]) -> Made:
        sink.write(b"half")
        for done in range(1, 10):
            progress(done)
            found = row(portal_db, which)
            seen.append((found.rows_done, found.rows_total))
            if done == 3:
                do(portal_db, who, exports.cancel)
                worker_house(portal_db)
        raise AssertionError

    monkeypatch.setattr(archive, "write", write)
    assert not make(portal_db, who, which)
    assert [done for done, _total in seen] == [1, 2, 3]
    assert all(total >= len(PLAIN) for _done, total in seen)
    found = row(portal_db, which)
    assert (found.state, found.file) == ("cancelled", None)
    assert (files(portal_db), keys(portal_db)) == ([], [])
    again = ask(portal_db, who)
    assert again != which


def test_a_change_of_mind_in_the_last_moment_counts(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = member(portal_db)
    which = ask(portal_db, who)
    write = archive.write

    def writing(source: Source, order: Order, sink: BinaryIO, progress: Any) -> Made:  # noqa: ANN401
        done = write(source, order, sink, progress)
        do(portal_db, who, exports.cancel)
        worker_house(portal_db)
        return done

    monkeypatch.setattr(archive, "write", writing)
    assert not make(portal_db, who, which)
    assert row(portal_db, which).state == "cancelled"
    assert (files(portal_db), keys(portal_db)) == ([], [])
    assert "export_made" not in events(portal_db, who)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("chunk", [sealed_file.CHUNK, 64], ids=["at the end", "half-way"])
def test_a_full_disk_is_said_and_can_be_tried_again(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch, number: int, chunk: int
) -> None:
    who = member(portal_db)
    which = ask(portal_db, who)

    def full(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(sealed_file, "CHUNK", chunk)
        patch.setattr(sealed_file.Sink, "_put", full)
        assert not make(portal_db, who, which)
    found = row(portal_db, which)
    assert (found.state, found.why, found.file) == ("failed", "storage", None)
    assert (files(portal_db), keys(portal_db)) == ([], [])
    again = ask(portal_db, who)
    assert make(portal_db, who, again)


def test_a_folder_that_is_away_is_said(portal_db: PortalDb) -> None:
    who = member(portal_db)
    which = ask(portal_db, who)
    folder(portal_db).write_text("no folder")
    try:
        assert not make(portal_db, who, which)
        assert (row(portal_db, which).state, row(portal_db, which).why) == ("failed", "storage")
    finally:
        folder(portal_db).unlink()
    # What could not be cleared away then is cleared with the next run.
    exporting.run(shop(portal_db), NOW)
    assert row(portal_db, which).file is None


def test_our_own_mistake_is_said_and_reaches_the_log(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Made:
        raise ZeroDivisionError

    monkeypatch.setattr(archive, "write", broken)
    who = member(portal_db)
    which = ask(portal_db, who)
    with pytest.raises(ZeroDivisionError):
        make(portal_db, who, which)
    assert (row(portal_db, which).state, row(portal_db, which).why) == ("failed", "trouble")
    assert (files(portal_db), keys(portal_db)) == ([], [])


def test_what_was_given_up_five_times_is_no_longer_tried(portal_db: PortalDb) -> None:
    who = member(portal_db)
    which = ask(portal_db, who)
    with portal_db.owner_data.begin() as data:
        data.execute(update(export).values(attempts=exporting.MOST_ATTEMPTS))
    assert not make(portal_db, who, which)
    assert (row(portal_db, which).state, row(portal_db, which).why) == ("failed", "trouble")


def test_a_worker_that_stops_leaves_it_to_the_next(portal_db: PortalDb) -> None:
    who = member(portal_db)
    which = ask(portal_db, who)
    assert not make(portal_db, who, which, stops=lambda: True)
    assert (row(portal_db, which).state, files(portal_db)) == ("running", [])
    with portal_db.owner_data.begin() as data:
        data.execute(text("truncate jobs.procrastinate_jobs cascade"))
    exporting.run(shop(portal_db), NOW + timedelta(hours=1))
    with portal_db.owner_data.connect() as data:
        query = text("select args from jobs.procrastinate_jobs where task_name = 'export'")
        (again,) = data.scalars(query)
    assert again == {"member_id": str(who), "export_id": str(which)}
    assert make(portal_db, who, which, NOW + timedelta(hours=1))


@pytest.mark.promise("P05", "P13")
def test_who_leaves_while_it_is_made_takes_it_along(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = member(portal_db)
    which = ask(portal_db, who)
    at_work = shop(portal_db)
    wish_to_leave(portal_db, who)
    during(
        monkeypatch,
        lambda: withdrawing.withdraw(at_work.house, signer(portal_db), who, NOW),
    )
    assert not exporting.make(at_work, (who, which), NOW)
    gone(portal_db, who)


@pytest.mark.promise("P05", "P13")
def test_who_leaves_afterwards_takes_it_along(portal_db: PortalDb) -> None:
    who = member(portal_db)
    made(portal_db, who)
    leave(portal_db, who)
    assert keys(portal_db) == []  # from here on nobody can read the file
    exporting.run(shop(portal_db), NOW)
    gone(portal_db, who)


def test_who_left_before_gets_none(portal_db: PortalDb) -> None:
    who = member(portal_db)
    which = ask(portal_db, who)
    leave(portal_db, who)
    assert not make(portal_db, who, which)
    gone(portal_db, who)


def gone(db: PortalDb, who: UUID) -> None:
    with db.owner_data.connect() as data:
        left = data.scalar(select(func.count()).where(export.c.member_id == who))
    assert (left, files(db), keys(db)) == (0, [], [])


def test_who_wakes_while_it_is_made_gets_it(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = member(portal_db, Store.DORMANT)
    which = ask(portal_db, who)
    wish(portal_db, who)
    at_work = shop(portal_db)
    during(monkeypatch, lambda: waking.wake(at_work.house, who, NOW))
    assert exporting.make(at_work, (who, which), NOW)
    packed = zipfile.ZipFile(io.BytesIO(plain(portal_db, who, which)))
    assert PLAIN["email"] in packed.read("data/profile.json").decode()


@pytest.mark.promise("P29")
def test_a_guardian_takes_a_childs_until_it_turns_14(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    guardian = member(portal_db)
    child = child_of(portal_db, guardian, "2020-01-01")
    actor = acting(guardian, verified_at=NOW, acting_for=child)
    which = ask(portal_db, child, actor)
    assert make(portal_db, child, which)
    link = export_link.Link(child, which, actor.session_id)
    assert do(portal_db, child, lambda subject: exports.take(subject, link), actor).size
    turn_14(portal_db, child)
    with pytest.raises(AccessDenied):
        do(portal_db, child, lambda subject: exports.take(subject, link), actor)
    exporting.run(shop(portal_db), NOW)
    assert row(portal_db, which).state == "destroyed"
    assert (files(portal_db), keys(portal_db)) == ([], [])
    assert events(portal_db, child)[-1] == "export_destroyed"
    # The child, by now their own master, asks anew; the guardian can't.
    with pytest.raises(AccessDenied):
        ask(portal_db, child, actor)
    again = ask(portal_db, child)
    during(monkeypatch, lambda: None)
    assert make(portal_db, child, again)


def turn_14(db: PortalDb, child: UUID) -> None:
    with db.owner_data.begin() as data:
        mine = LIVE.member.c.member_id == child
        data.execute(update(LIVE.member).where(mine).values(turns_14_on=NOW.date()))


@pytest.mark.promise("P29")
def test_a_child_that_turns_14_while_it_is_made_is_not_handed_to_the_guardian(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    guardian = member(portal_db)
    child = child_of(portal_db, guardian, "2020-01-01")
    which = ask(portal_db, child, acting(guardian, verified_at=NOW, acting_for=child))
    during(monkeypatch, lambda: turn_14(portal_db, child))
    assert not make(portal_db, child, which)
    assert row(portal_db, which).state == "destroyed"
    assert (files(portal_db), keys(portal_db)) == ([], [])


@pytest.mark.promise("P25")
def test_nobody_else_takes_it_and_no_other_session(portal_db: PortalDb) -> None:
    who, other = member(portal_db), member(portal_db)
    which = made(portal_db, who)
    mine = acting(who, verified_at=NOW)

    def take(actor: Any, link: export_link.Link) -> None:  # noqa: ANN401
        do(portal_db, link.member_id, lambda subject: exports.take(subject, link), actor)

    good = export_link.Link(who, which, mine.session_id)
    take(mine, good)
    for actor, link, refused in (
        (acting(other, verified_at=NOW), good, AccessDenied),
        (acting(who, verified_at=NOW), good, AccessDenied),
        (acting(who, session_id=mine.session_id), good, StepUpRequired),
        (mine, export_link.Link(who, uuid4(), mine.session_id), GoneError),
    ):
        with pytest.raises(refused):
            take(actor, link)
    stranger = acting(other, verified_at=NOW)
    with pytest.raises(GoneError):
        take(stranger, export_link.Link(other, which, stranger.session_id))


@pytest.mark.promise("P13", "P15")
@pytest.mark.parametrize("how", ["asked", "time"])
def test_the_file_and_its_key_are_destroyed_with_a_record(portal_db: PortalDb, how: str) -> None:
    who = member(portal_db)
    which = made(portal_db, who)
    if how == "asked":
        do(portal_db, who, exports.destroy)
        at = NOW
        export_ending.destroy(worker_house(portal_db), folder(portal_db), at)
    else:
        exporting.run(shop(portal_db), NOW + timedelta(days=7))
        assert row(portal_db, which).state == "done"
        at = NOW + timedelta(days=8)
        exporting.run(shop(portal_db), at)
        assert events(portal_db, who)[-1] == "export_destroyed"
    found = row(portal_db, which)
    assert (found.state, found.file, found.destroyed_at) == ("destroyed", None, at)
    assert (files(portal_db), keys(portal_db)) == ([], [])
    destroying.run(portal_db.work, at)
    with portal_db.owner_data.connect() as data:
        record = data.execute(
            select(destruction, destruction_run.c.verified_at)
            .join(destruction_run, destruction_run.c.run_id == destruction.c.run_id)
            .where(destruction.c.kind == "export")
        ).one()
    assert (record.rows, record.method, record.store) == (1, "file_and_key", "live")
    assert record.verified_at


def test_a_key_goes_before_a_file_that_cannot_be_reached(
    portal_db: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = member(portal_db)
    which = made(portal_db, who)
    do(portal_db, who, exports.destroy)

    def away(*_: object) -> None:
        raise OSError(errno.EIO, "away")

    with monkeypatch.context() as patch:
        patch.setattr(sealed_file, "remove", away)
        assert not export_ending.destroy(worker_house(portal_db), folder(portal_db), NOW)
    assert keys(portal_db) == []
    assert row(portal_db, which).destroyed_at is None
    assert export_ending.destroy(worker_house(portal_db), folder(portal_db), NOW) == 1
    assert files(portal_db) == []


def test_what_nothing_opens_any_more_ends(portal_db: PortalDb) -> None:
    """As when older rows came back from a backup: the keys are always the newest."""
    who, other = member(portal_db), member(portal_db)
    lost, kept = made(portal_db, who), made(portal_db, other)
    with portal_db.owner_keys.begin() as connection:
        connection.execute(text("delete from keys.export_key where export_id = :e"), {"e": lost})
    exporting.run(shop(portal_db), NOW)
    assert (row(portal_db, lost).state, row(portal_db, kept).state) == ("destroyed", "done")
    assert files(portal_db) == [f"{row(portal_db, kept).file}.sealed"]


def test_what_became_of_one_is_known_for_a_month(portal_db: PortalDb) -> None:
    who = member(portal_db)
    which = made(portal_db, who)
    do(portal_db, who, exports.destroy)
    exporting.run(shop(portal_db), NOW + timedelta(days=30))
    assert row(portal_db, which).destroyed_at
    exporting.run(shop(portal_db), NOW + timedelta(days=31))
    with portal_db.owner_data.connect() as data:
        assert data.scalar(select(func.count()).select_from(export)) == 0


def test_strays_are_swept_and_what_is_known_stays(portal_db: PortalDb) -> None:
    which = made(portal_db, member(portal_db))
    for name in ("0123.sealed", "4567.sealed.new"):
        (folder(portal_db) / name).write_bytes(b"?")
    exporting.run(shop(portal_db), NOW)
    assert files(portal_db) == [f"{row(portal_db, which).file}.sealed"]


def test_who_waited_long_or_left_the_page_is_told_once(portal_db: PortalDb) -> None:
    quick, slow, guardian = (member(portal_db) for _ in range(3))
    made(portal_db, quick)
    which = ask(portal_db, slow)
    assert make(portal_db, slow, which, NOW + timedelta(seconds=20))
    assert told(portal_db) == [(slow, "export_ready")]
    child = child_of(portal_db, guardian, "2020-01-01")
    which = ask(portal_db, child, acting(guardian, verified_at=NOW, acting_for=child))
    assert make(portal_db, child, which, NOW + timedelta(seconds=20))
    assert told(portal_db)[1:] == [(guardian, "export_ready")]
    for hours in (1, 2):
        exporting.run(shop(portal_db), NOW + timedelta(hours=hours))
        assert sorted(told(portal_db)) == sorted(
            (one, "export_ready") for one in (quick, slow, guardian)
        )


def test_who_saw_it_is_not_told(portal_db: PortalDb) -> None:
    who = member(portal_db)
    made(portal_db, who)

    def look(subject: Any) -> None:  # noqa: ANN401
        found = exports.latest(subject)
        assert found
        exports.seen(subject, found)

    do(portal_db, who, look)
    exporting.run(shop(portal_db), NOW + timedelta(hours=1))
    assert told(portal_db) == []


def test_time_left_follows_the_speed_so_far(portal_db: PortalDb) -> None:
    who = member(portal_db)
    ask(portal_db, who)
    with portal_db.owner_data.begin() as data:
        values = {"state": "running", "started_at": NOW, "rows_done": 250, "rows_total": 1000}
        data.execute(update(export).values(values))
    found = do(portal_db, who, exports.latest)
    assert found.share == 0.25
    assert found.seconds_left(NOW + timedelta(seconds=10)) == 30
    assert found.seconds_left(NOW) is None


def test_links_open_for_a_quarter_of_an_hour(portal_db: PortalDb) -> None:
    link = export_link.Link(uuid4(), uuid4(), uuid4())
    made = export_link.seal(portal_db.keyring, link, NOW)
    assert str(link.member_id) not in made
    late = NOW + timedelta(minutes=15)
    assert export_link.open_again(portal_db.keyring, made, NOW) == link
    assert export_link.open_again(portal_db.keyring, made, late) is None
    for bad in ("", "x", made[:-4], "A" + made[1:], made[::-1]):
        if bad != made:
            assert export_link.open_again(portal_db.keyring, bad, NOW) is None


def test_the_portal_may_not_make_a_row_say_what_it_likes(portal_db: PortalDb) -> None:
    who, other = member(portal_db), member(portal_db)
    made(portal_db, who)
    for statement in (
        "update ops.export set file = 'x'",
        "update ops.export set member_id = gen_random_uuid()",
        "delete from ops.export",
    ):
        with pytest.raises(Exception, match="permission denied"), portal_db.web.data.begin() as c:
            c.execute(text(statement))
    with pytest.raises(Exception, match="permission denied"), portal_db.web.keys.begin() as c:
        c.execute(text("select * from keys.export_key"))
    with portal_db.web.data.begin() as c:
        c.execute(text("select set_config('portal.subject', :m, true)"), {"m": str(other)})
        assert c.scalar(select(func.count()).select_from(export)) == 0


def test_a_file_cut_short_or_changed_does_not_open(portal_db: PortalDb) -> None:
    path, key, owner = folder(portal_db) / "one", os.urandom(32), uuid4()
    said = os.urandom(3 * sealed_file.CHUNK + 5)
    with sealed_file.writing(path, key, owner) as sink:
        for start in range(0, len(said), 70_001):
            sink.write(said[start : start + 70_001])
    size = sink.size

    def read(start: int, end: int, size: int = size, owner: UUID = owner) -> bytes:
        opened = sealed_file.opened(path, size)
        return b"".join(sealed_file.read(opened, key, owner, size, start, end))

    chunk = sealed_file.CHUNK
    for start, end in (
        (0, size), (0, 1), (size - 1, size), (chunk - 1, chunk + 1), (chunk, 2 * chunk),
        (2 * chunk + 7, size), (5, 5),
    ):  # fmt: skip
        assert read(start, end) == said[start:end]
    with pytest.raises(SealError):
        read(0, 1, owner=uuid4())
    whole = path.read_bytes()
    sealed = chunk + 16
    head = len(whole) - (3 * sealed + 5 + 16)
    swapped = (
        whole[:head] + whole[head + sealed : head + 2 * sealed] + whole[head : head + sealed]
        + whole[head + 2 * sealed :]
    )  # fmt: skip
    flipped = bytearray(whole)
    flipped[head + 10] ^= 1
    for broken in (swapped, bytes(flipped)):
        path.write_bytes(broken)
        with pytest.raises(SealError):
            read(0, size)
    path.write_bytes(whole[: head + 2 * sealed])
    with pytest.raises(SealError):
        read(0, 1)
    with pytest.raises(SealError):  # nor by a size that fits: the last chunk says that it is last
        read(0, 2 * chunk, size=2 * chunk)


def test_a_draft_never_stands_for_a_file(portal_db: PortalDb) -> None:
    path = folder(portal_db) / "one"

    def half() -> None:
        with sealed_file.writing(path, os.urandom(32), uuid4()) as sink:
            sink.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert files(portal_db) == []
