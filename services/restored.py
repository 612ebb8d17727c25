"""What must not go on in restored data as if nothing had been: sessions, links, jobs, seals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, select, text, update

from db.asleep import NOTICE
from db.tables import ops
from db.tables.ledger import seal as seals
from services import jobs, messages, seal_copy

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection

    from services.seal import Seal

LOST: Final = "seals-lost.jsonl"
"""Seals of days that a restore took away, one a line: `verify-ledger --against` names them."""
# Asked for at the time of the backup and done soon after; the worker begins anew by itself.
_DROP: Final = text(
    "delete from jobs.procrastinate_jobs where task_name = any(:names) "
    "and status in ('todo', 'doing')"
)
_AGAIN: Final = text(
    "update jobs.procrastinate_jobs set status = 'todo', worker_id = null where status = 'doing'"
)


# Who has used a service since the backup must not sleep because that is forgotten: they are told
# anew, and a month is theirs again (P10, P11).
_TELL_ANEW: Final = text("""
    update ops.outbox n set key = n.message_id::text where n.template = :notice
        and not exists (select from ops.separation s where s.notice_id = n.message_id)
""")


def begin_anew(data: Connection, now: datetime) -> int:
    """End every session, and whatever opens one: they may have been ended since the backup.

    Messages that were on their way go out (again), but for those with a link or a code; return how
    many. Notices that an account will sleep don't count any more.
    """
    data.execute(_TELL_ANEW, {"notice": NOTICE})
    for table in (ops.one_time, ops.authorization_code, ops.signin_session):
        data.execute(delete(table))
    open_ones = update(ops.session).where(ops.session.c.revoked_at.is_(None))
    data.execute(open_ones.values(revoked_at=now, revoked_why="restored"))
    data.execute(_DROP, {"names": [jobs.DAILY, jobs.RECOVER]})
    data.execute(_AGAIN)
    message = ops.outbox.c
    waiting = (message.sent_at.is_(None), message.failed_at.is_(None), message.bounced_at.is_(None))
    secret = update(ops.outbox).where(*waiting, message.template.in_(messages.SECRET))
    data.execute(secret.values(failed_at=now, sealed=None))
    return data.scalar(select(func.count()).where(*waiting)) or 0


def set_seals_aside(data: Connection, var: Path, made_at: datetime) -> tuple[Seal, ...]:
    """Move seals that the restored ledger doesn't have from the worker's own copy to another file.

    Those days are sealed anew, with what is left of them. Return the seals that are lost with a
    restore of a backup of `made_at`, whichever attempt moved them.
    """
    own, aside = var / seal_copy.NAME, var / LOST
    here = {tuple(row) for row in data.execute(select(seals.c.day, seals.c.signature))}
    copied = seal_copy.read(own) if own.exists() else ()
    gone = tuple(one for one in copied if (one.day, one.signature) not in here)
    if gone:
        known = set(seal_copy.read(aside)) if aside.exists() else set()
        seal_copy.add(aside, [one for one in gone if one not in known])
        seal_copy.replace(own, [one for one in copied if one not in set(gone)])
    moved = seal_copy.read(aside) if aside.exists() else ()
    return tuple(one for one in moved if one.sealed_at >= made_at)
