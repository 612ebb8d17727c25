"""Finds who a caller may be: by what they say exactly, masked, counted and noted (clause 9; P31).

Nothing is searched for in part: an e-mail address, a mobile, a login id, a name with its birth
date, or the number of a certificate. The answer shows enough to ask the caller back, and no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from db import places
from db.clock import seoul_day
from db.declarations import ITEMS
from db.law import law
from db.normal import identifiers
from db.tables.cases import lookup
from db.tables.ops import staff
from db.words import N_, Purpose, Store
from services import access, certificate, guardian_calls, ledger, profile
from services.actor import AccessDenied, Permission, page_opens
from services.house import house
from services.identity.recovery import MOST_SHARING
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from services.actor import Actor
    from services.subject import Subject

PAGE: Final = "/desk-cases"
SHOWN: Final = ("name", "birth_date", "email", "mobile", "login_id", "nickname")
"""What is shown of who was found, masked."""
OF_GUARDIANS: Final = ("name", "email", "mobile")
"""What is shown of a child's guardians, masked: enough to tell them apart."""
_CERTIFICATE: Final = re.compile(r"[0-9A-Za-z]{5}-[0-9A-Za-z]{5}")


@dataclass(frozen=True)
class Found:
    """Somebody who may be the caller: `values` masked, by item; none of who sleeps."""

    member_id: UUID
    store: Store
    values: dict[str, str]

    @property
    def asleep(self) -> bool:
        """Return whether their data is kept apart, so that nothing of it is shown."""
        return self.store is Store.DORMANT


@dataclass(frozen=True)
class Sought:
    """What a look-up led to. `over`: the day's look-ups are used up; `left_at`: a certificate's."""

    people: tuple[tuple[UUID, Store], ...] = ()
    left_at: datetime | None = None
    over: bool = False


def pairs(typed: str, born: date | None) -> tuple[tuple[str, str], ...]:
    """Return the (kind, value) pairs that what was typed may mean; with a birth date, a name."""
    plain = " ".join(typed.split())
    if born is not None:
        return (("name_birth", f"{plain}\0{born.isoformat()}"),)
    return identifiers(plain) if plain else ()


def seek(connection: Connection, actor: Actor, typed: str, born: date | None) -> Sought:
    """Look somebody up, and note it whether or not anybody is found.

    It counts towards the day's look-ups of this one of the staff; beyond them nothing is looked
    for. Let the transaction commit before anything is made of the answer: the count has to stand.
    """
    if not page_opens(Permission.MEMBER_FIND, actor):
        raise AccessDenied(N_("This page is not open to you."))
    today, most = seoul_day(actor.at), law().calls.lookups_a_day
    within = bool(connection.scalar(select(func.ops.count_lookup(actor.person, today, most))))
    found = _found(connection, typed, born) if within else Sought(over=True)
    if found.people or found.left_at:
        connection.execute(select(func.ops.lookup_found(actor.person, today)))
    entry = ledger.Entry(EventName.CALLER_SOUGHT, None, page=PAGE, allowed=within)
    ledger.write(connection, actor, entry)
    return found


def _found(connection: Connection, typed: str, born: date | None) -> Sought:
    if born is None and _CERTIFICATE.fullmatch(typed.strip()):
        number = certificate.typed(typed, "").digests[0]
        left_at = connection.scalar(select(func.ops.withdrawal_known(number)))
        if left_at is not None:
            return Sought(left_at=left_at)
    people: dict[UUID, Store] = {}
    with house().databases.look[1].connect() as keys:
        for kind, value in pairs(typed, born):
            exact = house().keyring.blind(kind, value)
            rows = keys.execute(
                select(func.keys.find(kind, exact).table_valued("member_id", "store"))
            )
            people |= {row.member_id: Store(row.store) for row in rows}
    here = [one for one in people.items() if one[1] is not Store.RETAINED]
    return Sought(tuple(here[:MOST_SHARING]))


def shown(actor: Actor, sought: Sought) -> tuple[Found, ...]:
    """Return those who were found, masked; each is noted in the ledger of the member.

    Whom this one of the staff may not help (oneself, one's child or guardian) is left out, and the
    denial is noted.
    """
    found = []
    for member_id, store in sought.people:
        look = access.Look(EventName.CALLER_FOUND, Permission.MEMBER_FIND, PAGE, SHOWN)
        try:
            with access.open(actor, member_id, Purpose.SHOW, look=look) as subject:
                found.append(Found(member_id, store, masked(subject)))
        except AccessDenied:
            continue
    return tuple(found)


@dataclass(frozen=True)
class Guardian:
    """A guardian who may be the one calling: `values` masked, by item.

    `number`: as "Who looked" counts them.
    """

    number: int
    guardian_id: UUID = field(repr=False)
    values: dict[str, str]


def guardians(actor: Actor, child: UUID) -> tuple[Guardian, ...]:
    """Return those who may act for a child today, masked; each is noted in their own ledger.

    The child's own is told that staff looked who its guardians are.
    """
    look = access.Look(EventName.CALLER_FOUND, Permission.MEMBER_FIND, PAGE)
    with access.open(actor, child, Purpose.SHOW, look=look) as subject:
        known = guardian_calls.of_child(subject.connection, child, subject.today)
    return tuple(
        Guardian(one.number, one.guardian_id, _of_guardian(actor, one.guardian_id))
        for one in known
        if one.acts
    )


def _of_guardian(actor: Actor, guardian: UUID) -> dict[str, str]:
    look = access.Look(EventName.CALLER_FOUND, Permission.MEMBER_FIND, PAGE, OF_GUARDIANS)
    try:
        with access.open(actor, guardian, Purpose.SHOW, look=look) as subject:
            return masked(subject, OF_GUARDIANS)
    except AccessDenied:
        return {}


def masked(subject: Subject, items: tuple[str, ...] = SHOWN) -> dict[str, str]:
    """Return what is held of `items`, masked, by item: one query."""
    table = subject.tables.profile_value.c
    rows = subject.connection.execute(
        select(table.item, table.sealed).where(
            table.member_id == subject.member_id,
            table.item.in_(items),
            table.seq == 0,
            table.sealed.is_not(None),
        )
    )
    texts = {
        row.item: profile.shown(
            subject, ITEMS[row.item], row.sealed, places.profile(row.item, 0), plain=False
        )
        for row in rows
    }
    return {item: text for item in items if (text := texts.get(item))}


@dataclass(frozen=True)
class Looked:
    """How often one of the staff looked for somebody on a day; `refused`: beyond the limit."""

    staff_no: str
    day: date
    made: int
    found: int
    refused: int


def unusual(connection: Connection, today: date) -> tuple[Looked, ...]:
    """Return who looked for many today or came to the limit, for the officer: one query.

    Many is a quarter of the limit of which less than half led to somebody: that is guessing.
    """
    many = law().calls.lookups_a_day // 4
    rows = connection.execute(
        select(staff.c.staff_no, lookup.c.day, lookup.c.made, lookup.c.found, lookup.c.refused)
        .join(staff, staff.c.staff_id == lookup.c.staff_id)
        .where(
            lookup.c.day >= today.replace(day=1),
            (lookup.c.refused > 0)
            | ((lookup.c.made >= many) & (lookup.c.found * 2 < lookup.c.made)),
        )
        .order_by(lookup.c.day.desc(), staff.c.staff_no)
        .limit(20)
    )
    return tuple(Looked(*row) for row in rows)
