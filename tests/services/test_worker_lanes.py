"""Long work has a lane of its own: it never holds up mail, codes or a withdrawal."""

from __future__ import annotations

import os
import signal
from threading import Event
from typing import TYPE_CHECKING

import pytest
from procrastinate import App
from procrastinate.testing import InMemoryConnector
from sqlalchemy import text

from services import jobs, worker_lanes

if TYPE_CHECKING:
    from tests.database import PortalDb

PATIENCE = 20


@pytest.fixture
def app() -> App:
    return App(connector=InMemoryConnector())


def test_what_takes_long_holds_up_nothing_quick(app: App) -> None:
    sent, seen = Event(), []

    @app.task(name="long", queue=jobs.LONG)
    def long() -> None:
        seen.append(sent.wait(PATIENCE))

    @app.task(name="quick", queue=jobs.QUICK)
    def quick() -> None:
        sent.set()

    for _ in range(3):
        long.defer()
    quick.defer()
    worker_lanes.run(app, wait=False)
    assert seen == [True, True, True]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
def test_every_lane_ends_when_told(app: App, number: signal.Signals) -> None:
    @app.task(name="quick", queue=jobs.QUICK)
    def quick() -> None:
        os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    quick.defer()
    worker_lanes.run(app, listen_notify=False)
    assert signal.getsignal(number) == before


def test_a_lane_that_breaks_ends_the_worker(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(**given: object) -> None:
        if given["queues"] == [jobs.LONG]:
            raise ConnectionError
        await type(app).run_worker_async(app, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(app, "run_worker_async", broken)
    with pytest.raises(ExceptionGroup) as found:
        worker_lanes.run(app, listen_notify=False)
    assert found.group_contains(ConnectionError)


def test_each_job_waits_in_its_lane(portal_db: PortalDb) -> None:
    with portal_db.web.data.connect() as data:
        jobs.defer(data, jobs.LARGE_EXPORT, member_id="m", export_id="e")
        jobs.defer_many(data, jobs.LARGE_EXPORT, [{"member_id": "m", "export_id": "e"}])
        jobs.defer(data, jobs.EXPORT, member_id="m", export_id="e")
        found = data.execute(
            text("select task_name, queue_name from jobs.procrastinate_jobs order by id")
        ).all()
    assert [tuple(one) for one in found] == [
        (jobs.LARGE_EXPORT, jobs.LONG),
        (jobs.LARGE_EXPORT, jobs.LONG),
        (jobs.EXPORT, jobs.QUICK),
    ]
