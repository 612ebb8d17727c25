"""What an archive is made of: what was ordered, whose data, and what was made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from db.clock import seoul_day
from db.sealing import SealError
from services import use

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from db.seal_keys import Signer
    from db.sealing import Sealer
    from db.tables.member import MemberTables
    from db.words import ExportGroup
    from services.language import Language


@dataclass(frozen=True)
class Order:
    """What a member wants: which groups, in which language, and whether with a workbook."""

    groups: frozenset[ExportGroup]
    language: Language
    workbook: bool = False


@dataclass(frozen=True)
class Made:
    """What was written: rows of data, files, and bytes."""

    rows: int
    files: int
    size: int


@dataclass(frozen=True)
class Source:
    """One member as the worker reads them; `data` is one REPEATABLE READ snapshot."""

    data: Connection = field(repr=False)
    tables: MemberTables
    member_id: UUID
    sealer: Sealer | None = field(repr=False)
    now: datetime
    signer: Signer = field(repr=False)
    guardian: UUID | None = None
    """For which guardian a child's is made; None: for the member."""

    @property
    def connection(self) -> Connection:
        """Return the snapshot."""
        return self.data

    @property
    def at(self) -> datetime:
        """Return the instant for which the archive is made."""
        return self.now

    @property
    def today(self) -> date:
        """Return its day in Seoul."""
        return seoul_day(self.now)

    def open(self, sealed: bytes | None, place: str) -> str | None:
        """Return the plain text, or None when the value can't be opened."""
        content = self.open_bytes(sealed, place)
        return None if content is None else content.decode(errors="replace")

    def open_bytes(self, sealed: bytes | None, place: str) -> bytes | None:
        """Return what was sealed, or None when it can't be opened."""
        if sealed is None or self.sealer is None:
            return None
        try:
            return self.sealer.open(sealed, place)
        except SealError:
            return None

    @cached_property
    def restricted(self) -> frozenset[str | None]:
        """Return the items of which a use is stopped today; None stands for all (clause 9)."""
        rows = self.data.execute(
            use.open_restrictions(self.tables.store),
            {"member": self.member_id, "today": self.today},
        )
        return frozenset(row.item for row in rows)

    def restricts(self, item: str) -> bool:
        """Return whether a use of `item` is stopped today."""
        return item in self.restricted or None in self.restricted
