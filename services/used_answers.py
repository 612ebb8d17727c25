"""What may count once only: answers of sign-in providers (P25), and signed requests of companies.

A signed-out tab may still hold an answer, and whoever saw a request may send it again.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from db.tables.ops import answer

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from services.claims import Claims

KEPT = timedelta(days=1)
"""Far longer than an answer counts (`claims.ANSWER_LASTS`), whatever the clocks say."""


def first_time(connection: Connection, claims: Claims, now: datetime) -> bool:
    """Note that these claims count now; return whether they never did. Of two at once, one does.

    Only a digest is kept: the claims name a person.
    """
    said = json.dumps(dict(claims), sort_keys=True, default=str)
    first = once(connection, hashlib.sha256(said.encode()).digest(), now)
    connection.execute(delete(answer).where(answer.c.counted_at < now - KEPT))
    return first


def once(connection: Connection, digest: bytes, now: datetime) -> bool:
    """Note that this counts now; return whether it never did. It goes with the next sign-in."""
    row = {"digest": digest, "counted_at": now}
    statement = insert(answer).values(row).on_conflict_do_nothing().returning(answer.c.digest)
    return connection.scalar(statement) is not None
