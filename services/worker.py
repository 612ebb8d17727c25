"""The worker: runs what the portal enqueued, with the other role and every key."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from procrastinate import PsycopgConnector

import services.tasks  # noqa: F401 (registers every task in APP)
from db import clock, company_keys, engines, keyring, policy
from db.words import Store
from services import delivery, dispatching, exporting, journal_file, mailbox, stalled, worker_lanes
from services import house as houses
from services.mail import mailer
from services.sms import texter
from services.worker_app import APP

if TYPE_CHECKING:
    from sqlalchemy import URL

    from db.engines import Addresses
    from db.settings import Settings


def senders(settings: Settings) -> delivery.Senders:
    """Return how messages leave this installation."""
    disk = mailbox.Mailbox(mailbox.folder(settings), clock.now)
    controllers = policy.in_force(clock.seoul_day(clock.now())).controllers
    return delivery.Senders(
        mailer(settings, disk),
        texter(settings, disk),
        settings.address,
        " · ".join(one.name for one in controllers),
    )


def _conninfo(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def connector(addresses: Addresses) -> PsycopgConnector:
    """Return the queues' own connections, as the worker's role: each lane also listens."""
    options = {"options": "-c search_path=public,jobs"}
    conninfo = _conninfo(addresses.roles["portal_work"][0])
    return PsycopgConnector(conninfo=conninfo, kwargs=options, min_size=1, max_size=6)


def run_worker(addresses: Addresses, settings: Settings, *, wait: bool = True) -> None:
    """Run jobs until told to stop (SIGTERM, Ctrl-C); with `wait=False` until the queue is empty."""
    databases = engines.connect(addresses.roles["portal_work"])
    keys = keyring.load(settings.var / "keys", tuple(Store))
    signing = company_keys.load(settings.var / "keys")
    houses.open_house(houses.House(databases, keys, signing))
    sending = senders(settings)
    courier = dispatching.Courier(sending, signing, here=settings.on_this_computer)
    journal_file.open_in(settings.var)
    with databases.data.begin() as data:
        exporting.start_over(data, clock.now())  # what a worker that died had in hand
        stalled.take_up_again(data)
    try:
        with APP.replace_connector(connector(addresses)) as app:
            worker_lanes.run(
                app,
                wait=wait,
                delete_jobs="always",
                additional_context={
                    "senders": sending,
                    "courier": courier,
                    "var": settings.var,
                },
                shutdown_graceful_timeout=3,  # then long work is told to stop, and is begun anew
                fetch_job_polling_interval=timedelta(seconds=5).total_seconds(),
            )
    finally:
        databases.dispose()
