"""Whose data is read: what a page's `Subject` and the worker's archive have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from db.tables.member import MemberTables


class Whose(Protocol):
    """One member, the store their rows are in, and the transaction that reads them."""

    @property
    def member_id(self) -> UUID:
        """Return the member."""

    @property
    def tables(self) -> MemberTables:
        """Return the tables of their store."""

    @property
    def connection(self) -> Connection:
        """Return the transaction."""

    @property
    def at(self) -> datetime:
        """Return the instant for which it is read."""

    @property
    def today(self) -> date:
        """Return that instant's day in Seoul."""

    @property
    def guardian(self) -> UUID | None:
        """Return the guardian for whom it is read; None for the member, and for staff of theirs."""

    def open(self, sealed: bytes | None, place: str) -> str | None:
        """Return the plain text, or None when the value can't be opened (its key is missing)."""
