"""Puts work into the worker's queue, in the transaction that needs it done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procrastinate import App, SyncPsycopgConnector

if TYPE_CHECKING:
    from sqlalchemy import Connection

DELIVER = "deliver"
RECOVER = "recover"
DAILY = "daily"
DISPATCH = "dispatch"
FOUND_BY = "found_by"
WAKE = "wake"
WITHDRAW = "withdraw"
RECONFIRM = "reconfirm"
BAR = "bar"
EXPORT = "export"
END_EXPORTS = "end_exports"
LINK = "link"
"""Names of the worker's tasks, without the tasks: who defers one need not know how it is done."""

# Never opened: every job goes in over the caller's own connection.
_QUEUE = App(connector=SyncPsycopgConnector())


def defer(connection: Connection, task: str, **arguments: object) -> None:
    """Enqueue `task`; it runs only if the caller's transaction commits.

    Arguments are JSON and never personal values: jobs are stored unsealed.
    """
    driver = connection.connection.driver_connection
    _QUEUE.configure_task(task, connection=driver).defer(**arguments)  # type: ignore[arg-type]


def defer_many(connection: Connection, task: str, arguments: list[dict[str, object]]) -> None:
    """As `defer`, for many jobs in one statement."""
    if not arguments:
        return
    driver = connection.connection.driver_connection
    _QUEUE.configure_task(task, connection=driver).batch_defer(*arguments)  # type: ignore[arg-type]
