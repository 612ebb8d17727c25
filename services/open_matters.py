"""What is under way for a member: requests, a case that staff have open, what is stopped, a bar.

The selects are meant to be folded into the overview's one statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, Uuid, bindparam, or_, select

from db.tables.cases import case
from db.tables.member import STORES
from db.words import CaseChannel, RequestKind, RequestState
from services import restriction
from services.gathering import ordered

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from db.words import Store
    from services.gathering import Row
    from services.restriction import Restriction

_C = case.c


@dataclass(frozen=True)
class OpenRequest:
    """A request that waits for its decision."""

    kind: RequestKind
    item: str | None
    purpose: str | None
    due_on: date


@dataclass(frozen=True)
class OpenCase:
    """A case that staff opened for somebody who called or wrote, and have not closed."""

    no: str
    channel: CaseChannel
    opened_at: datetime
    due_on: date


@dataclass(frozen=True)
class OpenMatters:
    """Requests, those due first, restrictions, the latest first, and a bar's last day."""

    requests: tuple[OpenRequest, ...]
    restrictions: tuple[Restriction, ...]
    barred_until: date | None = None
    cases: tuple[OpenCase, ...] = ()


@cache
def waiting(store: Store) -> Select[Any]:
    """Return a member's open requests, those due first; it takes the parameter `member`."""
    table = STORES[store].request
    return ordered(
        select(table.c.kind, table.c.item, table.c.purpose, table.c.due_on).where(
            table.c.member_id == bindparam("member", type_=Uuid),
            table.c.state == RequestState.OPEN,
        ),
        table.c.due_on,
        table.c.request_id,
    )


CASES: Final = ordered(
    select(_C.case_no, _C.channel, _C.opened_at, _C.due_on).where(
        _C.member_id == bindparam("member", type_=Uuid),
        _C.closed_at.is_(None),
        or_(_C.kind == "call", _C.kind == "recovery"),
    ),
    _C.due_on,
    _C.case_no,
)
"""A member's open cases of callers, those due first; it takes the parameter `member`."""


def of(
    requests: Iterable[Row], restrictions: Iterable[Row], bars: Iterable[Row], cases: Iterable[Row]
) -> OpenMatters:
    """Return together: `waiting`, `restriction_rows.open_ones`, `bar_rows.UNTIL` and `CASES`."""
    return OpenMatters(
        tuple(
            OpenRequest(RequestKind(row["kind"]), row["item"], row["purpose"], row["due_on"])
            for row in requests
        ),
        restriction.grouped(restrictions),
        next((row["barred_until"] for row in bars), None),
        tuple(
            OpenCase(row["case_no"], CaseChannel(row["channel"]), row["opened_at"], row["due_on"])
            for row in cases
        ),
    )
