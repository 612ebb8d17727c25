"""One decision: may this item be used for this purpose now? All that lets a value out asks it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Date, Select, Uuid, bindparam, cast, false, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from db import consent_terms
from db.clock import SEOUL
from db.declarations import ITEMS, Sensitivity
from db.tables.member import STORES
from db.tables.ops import company
from db.words import MARKETING, RIGHTS, Channel, ConsentKind, Purpose
from services import guarding
from services.consent_state import Book, Latest
from services.gathering import Gathered

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from uuid import UUID

    from db.consent_terms import Terms
    from db.tables.member import MemberTables
    from db.words import Store
    from services.gathering import Row


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

    `granted`: kinds of consent that count: their latest record is a yes that has not ended, they
    are asked for by the terms in force, and so is all that they need. `restricted`: (item, purpose)
    pairs, None standing for all. `store_only`: a child whose guardian's consent has no record
    (P41), or who came of age and is not reached (`guarding.store_only`). `child`: under 14 today.
    `channels`: advertising by channel, and by night. `shared`: (recipient, item) pairs that may be
    given. `ended_items`: items whose collection was explicitly refused or withdrawn; without any
    record nothing is ended, since members joined before there were records. `sensitive`: health
    items that were agreed to (PIPA art. 23).
    """

    granted: frozenset[ConsentKind]
    restricted: frozenset[tuple[str | None, str | None]] = frozenset()
    store_only: bool = False
    child: bool = False
    channels: frozenset[tuple[ConsentKind, Channel]] = frozenset()
    shared: frozenset[tuple[str, str]] = frozenset()
    ended_items: frozenset[str] = frozenset()
    sensitive: frozenset[str] = frozenset()

    def restricts(self, item: str, purpose: Purpose) -> bool:
        """Return whether a restriction covers this item and purpose (clause 9, P32)."""
        return any(
            (i is None or i == item) and (p is None or p == purpose) for i, p in self.restricted
        )


CARRIERS: dict[Channel, str] = {
    Channel.EMAIL: "email",
    Channel.SMS: "mobile",
    Channel.PUSH: "device_id",
}
"""By which item a channel reaches a member."""
PUSHED = frozenset({Purpose.NOTICES, Purpose.EVENTS, Purpose.NEW_SERVICES})
"""What the app may send word of. It has an address of its own for that, so that no device id of
ours is used, whose purposes are others; but a refused or restricted one stops it as well."""


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
    """Decide by declared purpose, then the member's own rights, restriction, store and consent.

    An item whose collection was withdrawn is refused to every purpose (art. 37); without a record
    of it the decision stays with the others.
    """
    if item not in ITEMS:
        return Decision(Why.UNDECLARED_ITEM)
    return Decision(_why(item, purpose, standing, ITEMS[item].purposes))


def decide_contact(
    channel: Channel, purpose: Purpose, standing: Standing, at: datetime
) -> Decision:
    """Decide whether a member may be contacted by `channel` for `purpose` at an instant.

    What is advertising needs a consent to the channel, and by night one more (network act art. 50).
    That a value is held there is for the caller; `audience` is the set-based twin and asks for it.
    """
    item = CARRIERS[channel]
    why = _why(item, purpose, standing, contact_purposes(channel))
    if why is Why.ALLOWED and not _channel_kinds(channel, purpose, at) <= standing.channels:
        return Decision(Why.NO_CONSENT)
    return Decision(why)


def contact_purposes(channel: Channel) -> frozenset[Purpose]:
    """Return what a member may be contacted for by this channel."""
    return PUSHED if channel is Channel.PUSH else ITEMS[CARRIERS[channel]].purposes


def channel_kinds(channel: Channel, purpose: Purpose, at: datetime) -> frozenset[ConsentKind]:
    """Return the kinds of consent to `channel` that a message of `purpose` needs."""
    if purpose not in MARKETING:
        return frozenset()
    night = consent_terms.is_night(channel, at)
    return consent_terms.ADVERTISING if night else frozenset({ConsentKind.ADVERTISING})


def _channel_kinds(
    channel: Channel, purpose: Purpose, at: datetime
) -> frozenset[tuple[ConsentKind, Channel]]:
    return frozenset((kind, channel) for kind in channel_kinds(channel, purpose, at))


def _why(item: str, purpose: Purpose, standing: Standing, declared: frozenset[Purpose]) -> Why:
    if purpose not in declared:
        return Why.UNDECLARED_PURPOSE
    if purpose in RIGHTS:
        return Why.ALLOWED
    checks = (
        (standing.store_only and not ITEMS[item].others, Why.STORE_ONLY),
        (standing.restricts(item, purpose), Why.RESTRICTED),
        (item in standing.ended_items, Why.NO_CONSENT),
        (not _consented(item, purpose, standing), Why.NO_CONSENT),
    )
    return next((why for holds, why in checks if holds), Why.ALLOWED)


def _consented(item: str, purpose: Purpose, standing: Standing) -> bool:
    needed = needed_consents(item, purpose)
    sensitive = ConsentKind.SENSITIVE not in needed or item in standing.sensitive
    return sensitive and needed - {ConsentKind.SENSITIVE} <= standing.granted


NOTHING = Standing(frozenset())
"""No consent, no restriction: all that a decision about a member's own rights needs."""


def standing(
    connection: Connection,
    tables: MemberTables,
    member_id: UUID,
    today: date,
    terms: Terms | None = None,
) -> Standing:
    """Read consents, restrictions and guardians' proof of one member: one query.

    `terms` are those in force on that day, unless others are given.
    """
    rows = _asked(tables.store).ask(connection, member=member_id, today=today)
    found = book(rows["consents"], today, terms).counting()
    return Standing(
        found.granted,
        restricted(rows["restricted"]),
        store_only=any(row["unproved"] for row in rows["child"]),
        child=any(row["young"] for row in rows["child"]),
        channels=found.channels,
        shared=found.shared,
        ended_items=found.ended_items,
        sensitive=found.sensitive,
    )


def consents_of(
    connection: Connection, tables: MemberTables, member_id: UUID, today: date
) -> list[Row]:
    """Return the rows of `latest` for one member, as the worker: one query."""
    rows = _asked(tables.store).ask(connection, member=member_id, today=today)
    return rows["consents"]


def book(rows: Iterable[Row], today: date, terms: Terms | None = None) -> Book:
    """Return what the rows of `latest` say under the terms of a day."""
    return Book(map(_latest, rows), terms or consent_terms.in_force(today), today)


def restricted(rows: Iterable[Row]) -> frozenset[tuple[str | None, str | None]]:
    """Return the pairs of the rows of `open_restrictions`."""
    return frozenset((row["item"], row["purpose"]) for row in rows)


def _latest(row: Row) -> Latest:
    return Latest(
        ConsentKind(row["kind"]),
        row["granted"],
        Channel(row["channel"]) if row["channel"] else None,
        row["recipient"],
        row["item"],
        row["decided_at"],
        row["ends_on"],
        row["terms_from"],
        row["ended_at"],
        row["decided_by"],
        row["consent_id"],
        row["paused"],
    )


_MEMBER = bindparam("member", type_=Uuid)


@cache
def _asked(store: Store) -> Gathered:
    return Gathered(consents=latest(store), restricted=open_restrictions(store), child=child(store))


def latest(store: Store) -> Select[Any]:
    """Return the latest record of each consent, of a tie the strictest.

    It takes `member` and `today`. `paused`: see `guarding.paused`.
    """
    c, today = STORES[store].consent.c, bindparam("today", type_=Date)
    paused = guarding.paused(STORES[store], c, today)
    key = (c.kind, c.channel, c.recipient, c.item)
    company_of = (company.c.terms_from, company.c.ended_at)
    return (
        select(
            *key,
            c.granted,
            c.decided_at,
            c.ends_on,
            c.decided_by,
            c.consent_id,
            *company_of,
            paused.label("paused"),
        )
        .select_from(STORES[store].consent.outerjoin(company, company.c.company_id == c.recipient))
        .where(c.member_id == _MEMBER)
        .ext(distinct_on(*key))
        .order_by(
            *key,
            c.decided_at.desc().nulls_last(),
            c.granted,
            func.coalesce(c.ends_on < today, false()).desc(),
            paused.desc(),
            c.ends_on.nulls_last(),
        )
    )


def open_restrictions(store: Store) -> Select[Any]:
    """Return what is restricted; it takes `member` and `today`.

    A use that goes on until a purchase is finished is stopped from the day after.
    """
    table = STORES[store].restriction.c
    begins = cast(func.timezone(SEOUL.key, table.started_at), Date)
    return select(table.item, table.purpose).where(
        table.member_id == _MEMBER,
        table.ended_at.is_(None),
        begins <= bindparam("today", type_=Date),
    )


def child(store: Store) -> Select[Any]:
    """Return a row for a child under 14 (`young`), and for who is kept only (`unproved`).

    It takes `member` and `today`; see `guarding.store_only` (P41).
    """
    tables, today = STORES[store], bindparam("today", type_=Date)
    member = tables.member.c
    young: Any = func.coalesce(member.turns_14_on > today, false())
    kept_only: Any = guarding.store_only(tables, today)
    return select(young.label("young"), kept_only.label("unproved")).where(
        member.member_id == _MEMBER, or_(young, kept_only)
    )
