"""One decision: may this item be used for this purpose now? Everything that lets a value out asks it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import Connection, or_, select, union_all

from db.declarations import ITEMS, Sensitivity
from db.words import MARKETING, RIGHTS, ConsentKind, Purpose

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
    no record (P41).
    """

    granted: frozenset[ConsentKind]
    restricted: frozenset[tuple[str | None, str | None]] = frozenset()
    store_only: bool = False

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
    if item not in ITEMS:
        return Decision(Why.UNDECLARED_ITEM)
    if purpose not in ITEMS[item].purposes:
        return Decision(Why.UNDECLARED_PURPOSE)
    if purpose in RIGHTS:
        return Decision(Why.ALLOWED)
    if standing.store_only:
        return Decision(Why.STORE_ONLY)
    if standing.restricts(item, purpose):
        return Decision(Why.RESTRICTED)
    if not needed_consents(item, purpose) <= standing.granted:
        return Decision(Why.NO_CONSENT)
    return Decision(Why.ALLOWED)


def standing(
    connection: Connection, tables: MemberTables, member_id: UUID, today: date
) -> Standing:
    """Read consents, restrictions and guardians' proof of one member: two queries."""
    consent, restriction = tables.consent, tables.restriction
    latest = (
        select(consent.c.kind, consent.c.granted, consent.c.ends_on)
        .where(
            consent.c.member_id == member_id,
            consent.c.channel.is_(None),
            consent.c.recipient.is_(None),
            # A consent without a date has no evidence, and counts as no.
            consent.c.decided_at.is_not(None),
        )
        .distinct(consent.c.kind)
        .order_by(consent.c.kind, consent.c.decided_at.desc(), consent.c.consent_id.desc())
    )
    granted = frozenset(
        ConsentKind(row.kind)
        for row in connection.execute(latest)
        if row.granted and (row.ends_on is None or today <= row.ends_on)
    )
    member, guardianship = tables.member, tables.guardianship
    proved = (
        select(guardianship.c.member_id)
        .where(
            guardianship.c.member_id == member_id,
            guardianship.c.proof,
            or_(guardianship.c.ended_on.is_(None), guardianship.c.ended_on > today),
        )
        .exists()
    )
    rows = connection.execute(
        union_all(
            select(restriction.c.item, restriction.c.purpose, restriction.c.member_id).where(
                restriction.c.member_id == member_id, restriction.c.ended_at.is_(None)
            ),
            # A child under 14 without a guardian's recorded consent (P41) is marked by this row.
            select(None, None, None).where(
                select(member.c.member_id)
                .where(member.c.member_id == member_id, member.c.turns_14_on > today)
                .exists(),
                ~proved,
            ),
        )
    ).all()
    return Standing(
        granted,
        frozenset((r.item, r.purpose) for r in rows if r.member_id is not None),
        store_only=any(r.member_id is None for r in rows),
    )
