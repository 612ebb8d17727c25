"""Days are Asia/Seoul days. The only place that reads the clock is `now()`, called by the edge."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SEOUL = ZoneInfo("Asia/Seoul")


def now() -> datetime:
    """Return the present instant, aware, UTC. Call it at the edge only and pass it down."""
    return datetime.now(UTC)


def seoul_day(instant: datetime) -> date:
    """Return the calendar day in Seoul at `instant` (aware)."""
    return instant.astimezone(SEOUL).date()
