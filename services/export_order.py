"""One order of a copy in the worker's hand, and what making it needs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, select

from db.tables.exports import export

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection, Row

    from db.seal_keys import Signer
    from db.sealing import Sealer
    from db.tables.member import MemberTables
    from db.words import ExportState
    from services.house import House

Key = tuple["UUID", "UUID"]
"""Whose copy, and which."""


class Unwanted(Exception):  # noqa: N818 (nothing went wrong: somebody changed their mind)
    """It was cancelled, or its member has left, while it was made."""


class Interrupted(Exception):  # noqa: N818 (nothing went wrong: the worker is told to stop)
    """The worker stops; the next one starts over."""


class TooLarge(Exception):  # noqa: N818 (nothing went wrong: it waits among the long work)
    """It has more rows than this lane makes at once."""


@dataclass(frozen=True)
class Workshop:
    """What making needs: databases and keys, where files are kept, what signs, when to stop.

    `most`: the rows of the largest copy that is made here; a larger one is put off to the long
    work, so that nobody's small one waits for it.
    """

    house: House
    folder: Path
    signer: Signer
    stops: Callable[[], bool] = field(default=lambda: False)
    most: int | None = None


@dataclass(frozen=True)
class Order:
    """One order in hand: its row, since when, and what it is made of."""

    key: Key
    row: Row[Any] = field(repr=False)
    now: datetime
    began: float
    tables: MemberTables
    sealer: Sealer | None = field(repr=False)

    def at(self) -> datetime:
        """Return the instant, moving on: only the edge reads the clock."""
        return self.now + timedelta(seconds=time.monotonic() - self.began)


def number_of(export_id: UUID) -> int:
    """Return what stands for it among advisory locks."""
    return int.from_bytes(export_id.bytes[:8], signed=True)


def named(key: Key, *states: ExportState) -> ColumnElement[bool]:
    """Return what finds an order in its table, in one of these states if any is named."""
    mine = and_(export.c.member_id == key[0], export.c.export_id == key[1])
    return and_(mine, export.c.state.in_(states)) if states else mine


def holds(data: Connection, tables: MemberTables, member_id: UUID) -> bool:
    """Return whether a member's rows are in these tables."""
    own = tables.member.c.member_id
    return data.scalar(select(own).where(own == member_id)) is not None
