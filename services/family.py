"""Who looks after whom: a member's children and guardians, and what is held about their babies.

Guardians are numbers, as in "Who looked": no name and no contact of another guardian is read here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Text,
    Uuid,
    bindparam,
    column,
    func,
    or_,
    select,
)

from db import places
from db.declarations import ITEMS
from db.tables.linking import linking
from db.tables.member import STORES
from db.words import LinkMeans, LinkReason, RequestKind, RequestState
from services import clearing, profile
from services.gathering import Gathered, ordered
from services.linking import Waiting

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import Select

    from db.words import Store
    from services.gathering import Row
    from services.profile import Held
    from services.provenance import Provenance
    from services.subject import Subject

CONTACT: Final = "guardian_contact"


@dataclass(frozen=True)
class Link:
    """One guardian's link to a child. `ended_on`: the first Seoul day without it.

    `number` is the guardian's, from 1, by when they became so; `mine`: of who looks.
    """

    number: int
    mine: bool
    started_on: date
    ended_on: date | None
    means: LinkMeans | None
    proof: bool
    reason: LinkReason | None
    consented_at: datetime | None
    suspended_on: date | None = None
    """Since when this guardian may not act, by a decision of the desk."""

    def open(self, today: date) -> bool:
        """Return whether the link holds on a Seoul day."""
        return self.started_on <= today and (self.ended_on is None or self.ended_on > today)


@dataclass(frozen=True)
class Ward:
    """A child and the links to it that who looks may see. `child`: under 14 today."""

    member_id: UUID
    links: tuple[Link, ...]
    child: bool
    today: date
    acts: bool = False
    """Whether who looks may act for this child today; see `services.guarding`."""

    @property
    def store_only(self) -> bool:
        """Return whether no guardian's consent is on record (P41)."""
        return self.child and not any(
            one.proof and one.open(self.today) and one.suspended_on is None for one in self.links
        )


@dataclass(frozen=True)
class Family:
    """What "Child · Guardian" shows of one member.

    `own`: the member as a child, with its guardians. `babies`: what is held about children inside
    the member's own record, by item. `contacts`: how the contacts of guardians came that are held.
    """

    wards: tuple[Ward, ...]
    own: Ward | None
    babies: tuple[tuple[str, tuple[Held, ...]], ...]
    contacts: tuple[Provenance, ...]
    waiting: Waiting | None
    decided_by: date | None
    age_missing: bool = False
    """Whether no birth date is held: then nobody can tell whether the member may be a guardian."""


def read(subject: Subject) -> Family:
    """Return it: one query, however many children and guardians there are."""
    found = _asked(subject.tables.store).ask(
        subject.connection,
        member=subject.member_id,
        viewer=subject.actor.person,
        today=subject.today,
        now=subject.at,
    )
    wards = _wards(found["links"], subject.today)
    held = profile.values(subject, found["values"], plain=False)
    contacts = held.pop(CONTACT, [])
    code = next(iter(found["waiting"]), None)
    due = next(iter(found["asked"]), None)
    return Family(
        tuple(one for one in wards if one.member_id != subject.member_id),
        next((one for one in wards if one.member_id == subject.member_id), None),
        tuple((name, tuple(held[name])) for name in clearing.BABY if held.get(name)),
        tuple(one.provenance for one in contacts),
        Waiting(code["expires_at"], code["tries_left"]) if code else None,
        due["due_on"] if due else None,
        not found["born"],
    )


def nickname(subject: Subject) -> str | None:
    """Return what a child is called, for its guardian to tell children apart."""
    table = subject.tables.profile_value.c
    sealed = subject.connection.scalar(
        select(table.sealed).where(
            table.member_id == subject.member_id, table.item == "nickname", table.seq == 0
        )
    )
    place = places.profile("nickname", 0)
    return profile.shown(subject, ITEMS["nickname"], sealed, place, plain=False)


def _wards(rows: Iterable[Row], today: date) -> tuple[Ward, ...]:
    """Return the children in the order in which who looks became their guardian."""
    links: dict[UUID, list[Link]] = {}
    turns: dict[UUID, date | None] = {}
    acting: set[UUID] = set()
    for row in rows:
        means, reason = row["means"], row["reason"]
        links.setdefault(row["child"], []).append(
            Link(
                row["number"], row["mine"], row["started_on"], row["ended_on"],
                LinkMeans(means) if means else None, row["proof"],
                LinkReason(reason) if reason else None, row["consented_at"], row["suspended_on"],
            )
        )  # fmt: skip
        turns[row["child"]] = row["turns_14_on"]
        if row["acts"]:
            acting.add(row["child"])
    found = [
        Ward(child, tuple(some), (turns[child] or today) > today, today, child in acting)
        for child, some in links.items()
    ]
    since = {
        one.member_id: min((k.started_on for k in one.links if k.mine), default=today)
        for one in found
    }
    return tuple(sorted(found, key=lambda one: (since[one.member_id], one.member_id)))


_MEMBER = bindparam("member", type_=Uuid)
_LINKS: Final = func.ops.family(
    _MEMBER, bindparam("viewer", type_=Uuid), bindparam("today", type_=Date)
).table_valued(
    column("child", Uuid), column("number", BigInteger), column("mine", Boolean),
    column("started_on", Date), column("ended_on", Date), column("means", Text),
    column("proof", Boolean), column("reason", Text),
    column("consented_at", DateTime(timezone=True)), column("turns_14_on", Date),
    column("suspended_on", Date), column("acts", Boolean), name="family",
)  # fmt: skip


@cache
def _asked(store: Store) -> Gathered:
    value, request = STORES[store].profile_value, STORES[store].request
    mine = select(value).where(
        value.c.member_id == _MEMBER,
        or_(*(value.c.item == name for name in (*clearing.BABY, CONTACT))),
        value.c.sealed.is_not(None),
    )
    asked = select(request.c.due_on).where(
        request.c.member_id == _MEMBER,
        request.c.kind == RequestKind.LINKING,
        request.c.state == RequestState.OPEN,
    )
    born = select(value.c.seq).where(
        value.c.member_id == _MEMBER, value.c.item == "birth_date", value.c.seq == 0,
        value.c.sealed.is_not(None),
    )  # fmt: skip
    c = _LINKS.c
    return Gathered(
        links=ordered(select(_LINKS), c.child, c.number, c.started_on),
        values=ordered(mine, value.c.item, value.c.seq),
        waiting=_waiting(),
        asked=ordered(asked, request.c.due_on),
        born=born,
    )


def _waiting() -> Select[Any]:
    now = bindparam("now", type_=DateTime(timezone=True))
    mine = select(linking.c.expires_at, linking.c.tries_left).where(
        linking.c.member_id == _MEMBER, linking.c.ended_at.is_(None),
        linking.c.expires_at > now, linking.c.tries_left > 0,
    )  # fmt: skip
    return ordered(mine, linking.c.asked_at.desc(), linking.c.linking_id)
