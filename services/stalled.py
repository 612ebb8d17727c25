"""Jobs that a worker had in hand when it died: they go back into the queue.

A worker says every ten seconds that it lives. Whoever said nothing for half a minute is dead, and
what it had begun would otherwise be begun for ever. Every task may be done twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

SILENT: Final = 30
"""Seconds without a sign of life after which a worker counts as dead."""
_DEAD = """
    j.status = 'doing' and (j.worker_id is null or j.worker_id in (
        select w.id from jobs.procrastinate_workers w
        where w.last_heartbeat <= now() - make_interval(secs => :silent)
    ))
"""
# Where the same waits or runs again already (the hourly run, say), once is enough.
_ONCE_MORE: Final = text(f"""
    delete from jobs.procrastinate_jobs j using jobs.procrastinate_jobs next
    where {_DEAD} and next.queueing_lock = j.queueing_lock
        and (next.status = 'todo' or next.status = 'doing' and next.id > j.id)
""")  # noqa: S608 (a constant)
_AGAIN: Final = text(f"""
    select jobs.procrastinate_retry_job_v2(j.id, now(), null, null, null)
    from (select j.id from jobs.procrastinate_jobs j where {_DEAD} for update skip locked) j
""")  # noqa: S608 (a constant)


def take_up_again(data: Connection, silent: float = SILENT) -> int:
    """Put back what dead workers had in hand, as `portal_work`; return how many jobs."""
    given = {"silent": silent}
    data.execute(_ONCE_MORE, given)
    return len(data.execute(_AGAIN, given).all())
