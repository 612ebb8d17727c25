"""One decision: may this item be used for this purpose now? All that lets a value out asks it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import Connection, literal, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from db.declarations import ITEMS, Sensitivity
from db.words import MARKETING, RIGHTS, Channel, ConsentKind, Purpose

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from db.tables.member import MemberTables


class Why(StrEnum):
    """Why a use is allowed or refused."""

    ALLOWED = "allowed"
    UNDECLARED_ITEM = "undeclared_item"
    UNDECLARED_PURPOSE = "undeclared_purpose"
    RESTRICTED = "restricted"
    NO_CONSENT = "no_consent"
    STORE_ONLY = "store_only"


@dataclass(frozen=True)
class Decision:
    """The answer and its reason."""

    why: Why

    @property
    def allowed(self) -> bool:
        """Return whether the use may go on."""
        return self.why is Why.ALLOWED


@dataclass(frozen=True)
class Standing:
    """A member's consents and restrictions on one day.

    `granted`: kinds of consent whose latest record is a grant and has not ended. `restricted`:
    (item, purpose) pairs, None standing for all. `store_only`: a child whose guardian's consent has
    no record (P41). `channels`: advertising by channel, and by night. `shared`: (recipient, item)
    pairs. `ended_items`: items whose collection was explicitly refused or withdrawn; without any
    record nothing is ended, since members joined before there were records.
    """

    granted: frozenset[ConsentKind]
    restricted: frozenset[tuple[str | None, str | None]] = frozenset()
    store_only: bool = False
    channels: frozenset[tuple[ConsentKind, Channel]] = frozenset()
    shared: frozenset[tuple[str, str]] = frozenset()
    ended_items: frozenset[str] = frozenset()

    def restricts(self, item: str, purpose: Purpose) -> bool:
        """Return whether a restriction covers this item and purpose (clause 9, P32)."""
        return any(
            (i is None or i == item) and (p is None or p == purpose) for i, p in self.restricted
        )


def needed_consents(item: str, purpose: Purpose) -> frozenset[ConsentKind]:
    """Return the consents this use needs (PIPA art. 15, 22, 23)."""
    needed = set()
    if purpose in MARKETING:
        needed.add(ConsentKind.MARKETING)
    if purpose is Purpose.PERSONALISATION:
        needed.add(ConsentKind.PERSONALISATION)
    if ITEMS[item].sensitivity is Sensitivity.SENSITIVE:
        needed.add(ConsentKind.SENSITIVE)
    return frozenset(needed)


def decide(item: str, purpose: Purpose, standing: Standing) -> Decision:
    """Decide by declared purpose, then the member's own rights, restriction, store and consent."""
    return Decision(_why(item, purpose, standing))


def _why(item: str, purpose: Purpose, standing: Standing) -> Why:
    if item not in ITEMS:
        return Why.UNDECLARED_ITEM
    checks = (
        (purpose not in ITEMS[item].purposes, Why.UNDECLARED_PURPOSE),
        (purpose in RIGHTS, Why.ALLOWED),
        (standing.store_only, Why.STORE_ONLY),
        (standing.restricts(item, purpose), Why.RESTRICTED),
        (not needed_consents(item, purpose) <= standing.granted, Why.NO_CONSENT),
    )
    return next((why for holds, why in checks if holds), Why.ALLOWED)


NOTHING = Standing(frozenset())
"""No consent, no restriction: all that a decision about a member's own rights needs."""


def standing(
    connection: Connection, tables: MemberTables, member_id: UUID, today: date
) -> Standing:
    """Read consents, restrictions and guardians' proof of one member: three queries."""
    return Standing(
        _granted(connection, tables, member_id, today),
        _restricted(connection, tables, member_id),
        store_only=_unproved(connection, tables, member_id, today),
    )


def _granted(
    connection: Connection, tables: MemberTables, member_id: UUID, today: date
) -> frozenset[ConsentKind]:
    """Return kinds whose latest record is a grant; without a date it has no evidence."""
    consent = tables.consent.c
    latest = (
        select(consent.kind, consent.granted, consent.ends_on)
        .where(
            consent.member_id == member_id,
            consent.channel.is_(None),
            consent.recipient.is_(None),
            consent.decided_at.is_not(None),
        )
        .ext(distinct_on(consent.kind))
        .order_by(consent.kind, consent.decided_at.desc(), consent.granted)
    )
    return frozenset(
        ConsentKind(row.kind)
        for row in connection.execute(latest)
        if row.granted and (row.ends_on is None or today <= row.ends_on)
    )


def _restricted(
    connection: Connection, tables: MemberTables, member_id: UUID
) -> frozenset[tuple[str | None, str | None]]:
    table = tables.restriction.c
    rows = connection.execute(
        select(table.item, table.purpose).where(
            table.member_id == member_id, table.ended_at.is_(None)
        )
    )
    return frozenset((row.item, row.purpose) for row in rows)


def _unproved(connection: Connection, tables: MemberTables, member_id: UUID, today: date) -> bool:
    """Return whether this is a child under 14 without a guardian's recorded consent (P41)."""
    member, link = tables.member.c, tables.guardianship.c
    proved = select(link.member_id).where(
        link.member_id == member_id,
        link.proof,
        or_(link.ended_on.is_(None), link.ended_on > today),
    )
    return bool(
        connection.scalar(
            select(literal(1)).where(
                member.member_id == member_id, member.turns_14_on > today, ~proved.exists()
            )
        )
    )
