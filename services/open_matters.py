"""What is under way for a member: requests not yet decided, what they have stopped, and a bar.

The selects are meant to be folded into the overview's one statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, Uuid, bindparam, select

from db.tables.member import STORES
from db.words import RequestKind, RequestState
from services import restriction
from services.gathering import ordered

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from db.words import Store
    from services.gathering import Row
    from services.restriction import Restriction


@dataclass(frozen=True)
class OpenRequest:
    """A request that waits for its decision."""

    kind: RequestKind
    item: str | None
    purpose: str | None
    due_on: date


@dataclass(frozen=True)
class OpenMatters:
    """Requests, those due first, restrictions, the latest first, and a bar's last day."""

    requests: tuple[OpenRequest, ...]
    restrictions: tuple[Restriction, ...]
    barred_until: date | None = None


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


def of(requests: Iterable[Row], restrictions: Iterable[Row], bars: Iterable[Row]) -> OpenMatters:
    """Return the rows of `waiting`, `restriction_rows.open_ones` and `bar_rows.UNTIL` together."""
    return OpenMatters(
        tuple(
            OpenRequest(RequestKind(row["kind"]), row["item"], row["purpose"], row["due_on"])
            for row in requests
        ),
        restriction.grouped(restrictions),
        next((row["barred_until"] for row in bars), None),
    )
