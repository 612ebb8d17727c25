"""What a worker had in hand when it died is taken up again, by whoever is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from db import company_keys
from db.settings import Settings
from db.words import Store
from services import stalled, worker
from tests.leaving import signer
from tests.people import member
from tests.services.test_dormancy import wish
from tests.services.test_moving import stores_of

if TYPE_CHECKING:
    from tests.database import PortalDb

_WORKER = "insert into jobs.procrastinate_workers (last_heartbeat) values (now() - :ago * interval"
_JOB = (
    "insert into jobs.procrastinate_jobs (queue_name, task_name, status, queueing_lock, worker_id) "
    "values ('default', 'daily', cast(:status as jobs.procrastinate_job_status), :once, :worker)"
)


def beside(db: PortalDb, *, silent: int) -> int:
    """Have a worker that said nothing for so many seconds."""
    with db.owner_data.begin() as data:
        found: int = data.scalar(text(f"{_WORKER} '1 second') returning id"), {"ago": silent})
        return found


def job(db: PortalDb, in_hand_of: int | None, once: str | None = None) -> None:
    with db.owner_data.begin() as data:
        data.execute(text("set local search_path = jobs, public"))
        state = "doing" if in_hand_of else "todo"
        data.execute(text(_JOB), {"status": state, "once": once, "worker": in_hand_of})


def jobs(db: PortalDb) -> list[tuple[Any, ...]]:
    with db.owner_data.connect() as data:
        asked = "select task_name, status, attempts from jobs.procrastinate_jobs order by id"
        return [tuple(row) for row in data.execute(text(asked))]


def again(db: PortalDb) -> int:
    with db.work.data.begin() as data:
        return stalled.take_up_again(data)


@pytest.mark.promise("P12")
def test_the_next_worker_does_what_a_dead_one_had_begun(portal_db: PortalDb) -> None:
    company_keys.create(portal_db.var / "keys")
    signer(portal_db)
    who = member(portal_db, Store.DORMANT)
    wish(portal_db, who)
    dead = beside(portal_db, silent=31)
    with portal_db.owner_data.begin() as data:
        data.execute(text("set local search_path = jobs, public"))
        taken = "update jobs.procrastinate_jobs set status = 'doing', worker_id = :dead"
        data.execute(text(taken), {"dead": dead})
    worker.run_worker(portal_db.addresses, Settings(var=portal_db.var), wait=False)
    assert stores_of(portal_db, who) == [Store.LIVE]
    assert [one for one in jobs(portal_db) if one[1] == "doing"] == []


def test_what_a_living_worker_has_in_hand_is_left_to_it(portal_db: PortalDb) -> None:
    job(portal_db, beside(portal_db, silent=29))
    assert again(portal_db) == 0
    assert jobs(portal_db) == [("daily", "doing", 0)]


def test_what_waits_already_does_not_wait_twice(portal_db: PortalDb) -> None:
    dead = beside(portal_db, silent=31)
    job(portal_db, dead, "daily")
    job(portal_db, dead, "daily")
    assert again(portal_db) == 1
    assert jobs(portal_db) == [("daily", "todo", 1)]
    job(portal_db, dead, "daily")
    assert again(portal_db) == 0
    assert jobs(portal_db) == [("daily", "todo", 1)]
