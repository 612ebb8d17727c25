"""When work that depends on somebody else is tried again: long enough to outlive a bad day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from procrastinate import BaseRetryStrategy, RetryDecision

if TYPE_CHECKING:
    from procrastinate.jobs import Job

WAITS: Final = (
    timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15),
    timedelta(hours=1), timedelta(hours=2), timedelta(hours=4), *(timedelta(hours=6),) * 11,
)  # fmt: skip
"""A server that restarts is met within a minute; one that is away for a weekend is waited for."""
MOST_ATTEMPTS: Final = len(WAITS) + 1


class Patience(BaseRetryStrategy):
    """Tries after each of `WAITS`, three days in all, whatever went wrong."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:  # noqa: ARG002 (the queue gives it)
        """Return when to try again; None after the last attempt."""
        if job.attempts >= len(WAITS):
            return None
        return RetryDecision(retry_in={"seconds": int(WAITS[job.attempts].total_seconds())})
