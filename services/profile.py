"""Everything held about a member, item by item, in the four groups of clause 2.1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from db import places
from db.clock import seoul_day
from db.declarations import ITEMS, Group, Item
from db.tables.ops import credential
from db.words import Purpose, Source
from services import provenance
from services.masking import mask
from services.provenance import Provenance

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

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
class Profile:
    """What "My data" shows besides records. `member`: whether the live store has the member."""

    groups: dict[Group, tuple[HeldItem, ...]]
    uses: tuple[ServiceUse, ...]
    joined_on: date | None
    last_used_on: date | None
    turns_14_on: date | None
    member: bool


def held(subject: Subject, *, plain: bool) -> Profile:
    """Return every item held: five queries, whatever the number of values.

    `plain=True` needs a verification: raise `StepUpRequired` without one.
    """
    if plain:
        subject.actor.require_verification()
    found = _values(subject, plain=plain)
    found["device_id"] = _devices(subject, plain=plain)
    found["password"] = _password(subject)
    groups: dict[Group, tuple[HeldItem, ...]] = {
        g: tuple(
            HeldItem(item, tuple(found.get(name, ())))
            for name, item in ITEMS.items()
            if item.group is g
        )
        for g in Group
    }
    row = subject.connection.execute(
        select(subject.tables.member).where(subject.tables.member.c.member_id == subject.member_id)
    ).one_or_none()
    uses = _uses(subject)
    if row is None:
        return Profile(groups, uses, None, None, None, member=False)
    return Profile(groups, uses, row.joined_on, row.last_used_on, row.turns_14_on, member=True)


@dataclass(frozen=True)
class Child:
    """A child whose guardian the member is; `access.open` decides whether still under 14."""

    member_id: UUID
    since: date


@dataclass(frozen=True)
class Brief:
    """What the overview says of a member at first sight."""

    nickname: str | None
    joined_on: date | None
    last_used_on: date | None
    uses: tuple[ServiceUse, ...]
    children: tuple[Child, ...]
    member: bool


def brief(subject: Subject) -> Brief:
    """Return the overview's facts: three queries."""
    table, member = subject.tables.profile_value, subject.tables.member
    name = (
        (table.c.member_id == member.c.member_id)
        & (table.c.item == "nickname")
        & (table.c.seq == 0)
    )
    row = subject.connection.execute(
        select(member.c.joined_on, member.c.last_used_on, table.c.sealed)
        .select_from(member.outerjoin(table, name))
        .where(member.c.member_id == subject.member_id)
    ).one_or_none()
    sealed, place = row.sealed if row else None, places.profile("nickname", 0)
    nickname = shown(subject, ITEMS["nickname"], sealed, place, plain=False)
    return Brief(
        nickname,
        row.joined_on if row else None,
        row.last_used_on if row else None,
        _uses(subject),
        _children(subject),
        member=row is not None,
    )


def _children(subject: Subject) -> tuple[Child, ...]:
    link = subject.tables.guardianship
    rows = subject.connection.execute(
        select(link.c.member_id, link.c.started_on)
        .where(
            link.c.guardian_id == subject.member_id,
            link.c.started_on <= subject.today,
            or_(link.c.ended_on.is_(None), link.c.ended_on > subject.today),
        )
        .order_by(link.c.started_on, link.c.member_id)
    )
    return tuple(Child(r.member_id, r.started_on) for r in rows)


def shown(
    subject: Subject, item: Item, sealed: bytes | None, place: str, *, plain: bool
) -> str | None:
    """Return a value as the member may see it now: masked, or plain after verification."""
    if not subject.may_use(item.name, Purpose.SHOW):
        return None
    text = subject.open(sealed, place)
    return text if text is None or plain else mask(item.mask, text)


def _values(subject: Subject, *, plain: bool) -> dict[str, list[Held]]:
    table = subject.tables.profile_value
    rows = subject.connection.execute(
        select(table)
        .where(table.c.member_id == subject.member_id)
        .order_by(table.c.item, table.c.seq)
    ).mappings()
    found: dict[str, list[Held]] = {}
    for row in rows:
        item = ITEMS[row["item"]]
        place = places.profile(item.name, row["seq"])
        found.setdefault(item.name, []).append(
            Held(
                row["seq"],
                shown(subject, item, row["sealed"], place, plain=plain),
                plain,
                provenance.of(row),
                row["cleared_at"],
                row["changed_at"],
            )
        )
    return found


def _devices(subject: Subject, *, plain: bool) -> list[Held]:
    table = subject.tables.device
    rows = subject.connection.execute(
        select(table)
        .where(table.c.member_id == subject.member_id, table.c.refused_at.is_(None))
        .order_by(table.c.obtained_on, table.c.device_row_id)
    ).mappings()
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
            plain,
            provenance.of(row),
        )
        for seq, row in enumerate(rows)
    ]


def _uses(subject: Subject) -> tuple[ServiceUse, ...]:
    table = subject.tables.service_use
    rows = subject.connection.execute(
        select(table)
        .where(table.c.member_id == subject.member_id)
        .order_by(table.c.last_used_on.desc().nulls_last(), table.c.service)
    )
    return tuple(ServiceUse(r.service, r.since, r.last_used_on) for r in rows)


def _password(subject: Subject) -> list[Held]:
    """Return the password as held one-way, without any text: it is never read here (clause 2.1)."""
    set_at = subject.connection.scalar(
        select(credential.c.set_at).where(credential.c.member_id == subject.member_id)
    )
    if set_at is None:
        return []
    origin = Provenance(Source.PORTAL, seoul_day(set_at), None, None, None)
    return [Held(0, None, plain=False, provenance=origin)]
