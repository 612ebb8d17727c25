"""Everything held about a member, item by item, in the four groups of clause 2.1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db import places
from db.clock import seoul_day
from db.declarations import ITEMS, LOCATING, Group, Item, Sensitivity
from db.words import ConsentKind, Source
from services import profile_queries, provenance, records, restriction
from services.masking import mask
from services.provenance import Provenance

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from services.gathering import Row
    from services.records import KindSummary
    from services.restriction import Restriction
    from services.subject import Subject


@dataclass(frozen=True)
class Held:
    """One value of an item. `text` is masked unless `plain`; None: it can't be opened.

    `cleared_at` is set where the member cleared the item and nothing is held any more.
    """

    seq: int
    text: str | None
    plain: bool
    provenance: Provenance
    cleared_at: datetime | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True)
class HeldItem:
    """An item with its values; none when nothing is held."""

    item: Item
    values: tuple[Held, ...]


@dataclass(frozen=True)
class ServiceUse:
    """One of the family's services and when it was used (P39)."""

    service: str
    since: date | None
    last_used_on: date | None


@dataclass(frozen=True)
class Consent:
    """What the member decided last, and when."""

    granted: bool
    decided_at: datetime


@dataclass(frozen=True)
class Profile:
    """What "My data" shows but a page of records. `member`: whether the live store has them."""

    groups: dict[Group, tuple[HeldItem, ...]]
    uses: tuple[ServiceUse, ...]
    joined_on: date | None
    last_used_on: date | None
    consents: dict[tuple[ConsentKind, str | None], Consent]
    kinds: tuple[KindSummary, ...]
    restricted: dict[str, Restriction]
    """Items that are being put right, and so used for nothing (P32)."""
    member: bool
    store_only: bool = False
    """A child under 14 without a guardian's recorded consent (P41)."""
    hidden: frozenset[str] = frozenset()
    """Items that a guardian doesn't see until a dispute is decided, held or not."""

    def consent_to(self, item: Item) -> Consent | None:
        """Return the consent that an item is held by; None when none was recorded, which is a no.

        Health items need a consent of their own kind (PIPA art. 23); a consent to this very item
        counts before one to all.
        """
        sensitive = item.sensitivity is Sensitivity.SENSITIVE
        kind = ConsentKind.SENSITIVE if sensitive else ConsentKind.COLLECTION
        return self.consents.get((kind, item.name)) or self.consents.get((kind, None))


def held(subject: Subject, *, plain: bool) -> Profile:
    """Return every item held that serves the purpose: one query, whatever is held.

    `plain=True` needs a verification: raise `StepUpRequired` without one.
    """
    if plain:
        subject.actor.require_verification()
    rows = profile_queries.my_data(subject.tables.store).ask(
        subject.connection, member=subject.member_id, today=subject.today
    )
    found = values(subject, rows["values"], plain=plain)
    found["device_id"] = _devices(subject, rows["devices"], plain=plain)
    row = next(iter(rows["member"]), _NOBODY)
    found["password"] = _password(row["set_at"])
    groups: dict[Group, tuple[HeldItem, ...]] = {
        g: tuple(
            HeldItem(item, tuple(found.get(name, ())))
            for name, item in ITEMS.items()
            if item.group is g
        )
        for g in Group
    }
    return Profile(
        groups,
        uses(rows["uses"]),
        row["joined_on"],
        row["last_used_on"],
        _consents(rows["consents"]),
        records.summary(subject, rows["counts"]),
        {one.item: one for one in restriction.grouped(rows["restrictions"]) if one.item},
        member=bool(rows["member"]),
        store_only=any(row["young"] and row["unproved"] for row in rows["child"]),
        hidden=LOCATING if subject.hides_place else frozenset(),
    )


_NOBODY: Row = {"joined_on": None, "last_used_on": None, "set_at": None}


def _consents(rows: Iterable[Row]) -> dict[tuple[ConsentKind, str | None], Consent]:
    # Without a date there is no evidence: shown as not recorded, and counted as no.
    return {
        (ConsentKind(r["kind"]), r["item"]): Consent(r["granted"], r["decided_at"])
        for r in rows
        if r["decided_at"] is not None
    }


def shown(
    subject: Subject, item: Item, sealed: bytes | None, place: str, *, plain: bool
) -> str | None:
    """Return a value as the member may see it now: masked, or plain after verification."""
    if not (item.shown and subject.may_use(item.name)):
        return None
    text = subject.open(sealed, place)
    full = subject.in_full(item.name, plain=plain)
    return text if text is None or full else mask(item.mask, text)


def values(subject: Subject, rows: Iterable[Row], *, plain: bool) -> dict[str, list[Held]]:
    """Return the values of the rows, by item; an item that may not be used is left out."""
    found: dict[str, list[Held]] = {}
    for row in rows:
        item = ITEMS[row["item"]]
        if not subject.may_use(item.name):
            continue
        place = places.profile(item.name, row["seq"])
        found.setdefault(item.name, []).append(
            Held(
                row["seq"],
                shown(subject, item, row["sealed"], place, plain=plain),
                subject.in_full(item.name, plain=plain),
                provenance.of(row),
                row["cleared_at"],
                row["changed_at"],
            )
        )
    return found


def _devices(subject: Subject, rows: Iterable[Row], *, plain: bool) -> list[Held]:
    if not subject.may_use("device_id"):
        return []
    return [
        Held(
            seq,
            shown(
                subject,
                ITEMS["device_id"],
                row["sealed"],
                places.device(row["device_row_id"]),
                plain=plain,
            ),
            subject.in_full("device_id", plain=plain),
            provenance.of(row),
        )
        for seq, row in enumerate(rows)
    ]


def uses(rows: Iterable[Row]) -> tuple[ServiceUse, ...]:
    """Return the services used, in the order of the rows."""
    return tuple(ServiceUse(**row) for row in rows)


def _password(set_at: datetime | None) -> list[Held]:
    """Return the password as held one-way, without any text: it is never read here (clause 2.1)."""
    if set_at is None:
        return []
    origin = Provenance(Source.PORTAL, seoul_day(set_at), None, None, None)
    return [Held(0, None, plain=False, provenance=origin)]
