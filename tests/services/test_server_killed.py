"""`kill -9` of PostgreSQL itself, with all its processes, at random moments of a day's work.

`CRASHES=1000` tries more; the seed of each is printed, so that it can be tried again.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Timer
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, ResourceClosedError

from db import company_keys, embedded
from db.settings import Settings
from db.words import Store
from services import stalled, waking, worker
from tests import bad_days
from tests.installing import install
from tests.people import NOW, member
from tests.services.test_dormancy import wish
from tests.services.test_moving import stores_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database import PortalDb

CRASHES = int(os.environ.get("CRASHES", "20"))


@pytest.fixture
def durable(own_folder: Path) -> Iterator[PortalDb]:
    """A server of the test's own that keeps what it said it kept, as long as the machine lives."""
    made = install(own_folder)
    with made.owner_data.begin() as connection:
        connection.execute(text("alter role portal_work set synchronous_commit = on"))
    made.work.dispose()
    yield made
    made.work.dispose()
    made.web.dispose()


def parent_of(process: int) -> int:
    """Return the parent's number; 0 where the process is gone or only waits to be buried."""
    try:
        state, parent = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 0 if state == "Z" else int(parent)


def kill(var: Path) -> None:
    """Kill the server's first process and all the others, and see them dead."""
    first = int((var / "postgres" / "postmaster.pid").read_text().split()[0])
    everybody = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]
    theirs = [first, *(one for one in everybody if parent_of(one) == first)]
    for one in theirs:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    while any(map(parent_of, theirs)):
        os.sched_yield()


@contextmanager
def killed(db: PortalDb, instant: int, delay: float) -> Iterator[list[int]]:
    """Kill the server `delay` seconds after the `instant`-th statement or commit begins.

    Give the count of them.
    """
    seen, timer = [0], Timer(delay, kill, [db.var])

    def count(*_: Any) -> None:  # noqa: ANN401
        seen[0] += 1
        if seen[0] == instant:
            timer.start()

    for engine in (db.work.data, db.work.keys):
        event.listen(engine, "before_cursor_execute", count)
        event.listen(engine, "commit", count)
    try:
        yield seen
    finally:
        if timer.ident:
            timer.join()
        for engine in (db.work.data, db.work.keys):
            event.remove(engine, "before_cursor_execute", count)
            event.remove(engine, "commit", count)


# A cursor whose server was killed under it can't be closed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_day_outlives_its_database(durable: PortalDb, monkeypatch: pytest.MonkeyPatch) -> None:
    db, deaths = durable, 0
    bad_days.house(db)
    now = NOW
    bad_days.at(monkeypatch, now)
    them = bad_days.people(db, now)
    with killed(db, 0, 0) as counted:
        bad_days.day(db)
    bad_days.over(db, them)
    for seed in range(1, CRASHES + 1):
        chance = Random(seed)  # noqa: S311 (a test's)
        instant, delay = chance.randint(1, counted[0] - 10), chance.choice((0, 0.002, 0.01))
        print("seed", seed, "kills after", instant, "and", delay)  # noqa: T201 (to try it again)
        now += timedelta(days=2)
        bad_days.at(monkeypatch, now)
        them = bad_days.people(db, now)
        with killed(db, instant, delay), suppress(DBAPIError, ResourceClosedError, psycopg.Error):
            bad_days.day(db)
        deaths += not embedded.is_running(db.var)
        embedded.start(db.var, durable=False)
        bad_days.whole(db, them)
        bad_days.day(db)
        bad_days.over(db, them)
    assert deaths >= CRASHES * 0.8


@pytest.mark.promise("P12")
def test_a_job_under_way_outlives_worker_and_database(
    durable: PortalDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = durable
    bad_days.house(db)
    company_keys.create(db.var / "keys")
    who = member(db, Store.DORMANT)
    wish(db, who)

    def cut(*_: Any) -> bool:  # noqa: ANN401
        kill(db.var)
        os._exit(1)

    monkeypatch.setattr(waking, "wake", cut)
    child = os.fork()
    if child == 0:
        try:
            worker.run_worker(db.addresses, Settings(var=db.var), wait=False)
        finally:
            os._exit(0)
    monkeypatch.undo()
    _pid, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 1
    assert not embedded.is_running(db.var)
    embedded.start(db.var, durable=False)
    assert stores_of(db, who) == [Store.DORMANT]
    with db.work.data.begin() as data:
        assert stalled.take_up_again(data, silent=0)
    worker.run_worker(db.addresses, Settings(var=db.var), wait=False)
    assert stores_of(db, who) == [Store.LIVE]
    with db.owner_data.connect() as data:
        begun = "select task_name from jobs.procrastinate_jobs where status = 'doing'"
        assert data.scalars(text(begun)).all() == []
