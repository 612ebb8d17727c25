"""Gives made-up members who sleep what real ones have: a notice in time, and their separation."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import insert

from db.clock import SEOUL, seoul_day
from db.policy import in_force
from db.tables import moves, ops

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy import Connection

NOTICE = "dormancy_notice"
"""The template of the notice before separation; the database knows it by this name (P10)."""


def prove(data: Connection, members: Sequence[dict[str, Any]]) -> None:
    """Write the notice and the separation of rows of `dormant.member`, as `portal_work`.

    They were separated the day after their period ended (clause 3.3), told a month before.
    """
    pairs = [_pair(row) for row in members]
    if pairs:
        data.execute(insert(ops.outbox), [notice for notice, _ in pairs])
        data.execute(insert(moves.separation), [separation for _, separation in pairs])


def _pair(row: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    now: datetime = row["created_at"]
    policy = in_force(seoul_day(now))
    last: date = row.get("last_used_on") or row.get("joined_on") or seoul_day(now)
    day = policy.dormancy.period.ends_on(last) + timedelta(days=1)
    separated = min(now, datetime.combine(day, time(3), SEOUL))
    told = separated - timedelta(days=policy.dormancy.notice_days + 1)
    notice = {
        "member_id": row["member_id"], "message_id": uuid4(), "channel": "email",
        "template": NOTICE, "language": "ko", "created_at": told, "sent_at": told, "attempts": 1,
        "key": f"{NOTICE}:{last}", "sleeps_on": seoul_day(separated),
    }  # fmt: skip
    separation = {
        "member_id": row["member_id"], "notice_id": notice["message_id"], "noticed_at": told,
        "notice_days": policy.dormancy.notice_days, "last_counted_on": last,
        "policy_version": policy.version, "separated_at": separated,
        "sleeps_on": seoul_day(separated),
    }  # fmt: skip
    return notice, separation
