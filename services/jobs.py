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
FOURTEEN = "fourteen"
DISPUTE = "dispute"
LIFTED = "suspension_lifted"
BAR = "bar"
EXPORT = "export"
LARGE_EXPORT = "large_export"
END_EXPORTS = "end_exports"
CASE_CODE = "case_code"
CASE_LINK = "case_link"
CASE_ANSWER = "case_answer"
AGAIN = "take_up_again"
LAPSED = "forget_lapsed"
LINK = "link"
REPORT_ANSWERED = "report_answered"
"""Names of the worker's tasks, without the tasks: who defers one need not know how it is done."""
QUICK, LONG = "default", "long"
"""The worker's queues. What may take minutes waits in `LONG`, beside the rest and not before it."""
_LONG = frozenset({LARGE_EXPORT})

# Never opened: every job goes in over the caller's own connection.
_QUEUE = App(connector=SyncPsycopgConnector())


def queue_of(task: str) -> str:
    """Return the queue in which a task waits."""
    return LONG if task in _LONG else QUICK


def defer(connection: Connection, task: str, **arguments: object) -> None:
    """Enqueue `task`; it runs only if the caller's transaction commits.

    Arguments are JSON and never personal values: jobs are stored unsealed.
    """
    driver = connection.connection.driver_connection
    _QUEUE.configure_task(task, queue=queue_of(task), connection=driver).defer(**arguments)  # type: ignore[arg-type]


def defer_many(connection: Connection, task: str, arguments: list[dict[str, object]]) -> None:
    """As `defer`, for many jobs in one statement."""
    if not arguments:
        return
    driver = connection.connection.driver_connection
    configured = _QUEUE.configure_task(task, queue=queue_of(task), connection=driver)
    configured.batch_defer(*arguments)  # type: ignore[arg-type]
