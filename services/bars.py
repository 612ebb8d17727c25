"""Bars on joining again: an officer places and lifts them, their member sees them and objects.

Clause 1.2 limits who may join, clause 3.1 keeps data against "bad users" for a year. A bar needs a
reason in words of ours and an end; it touches nothing of the membership itself. Whoever has none
may always join again (P40). What follows in the keys database is `services.barring`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Date, DateTime, Text, Uuid, column, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from db.clock import seoul_day
from db.errors import PortalError
from db.law import law
from db.policy import in_force
from db.policy_facts import AFTER_WITHDRAWAL
from db.tables.bars import bar
from db.words import N_, BarKept, BarWhy, Noted, Purpose, RequestKind
from services import bar_rows, jobs, journal, ledger
from services.actor import AccessDenied, Actor, Permission, page_opens
from services.house import house
from services.identity.accounts import members_typed
from services.joining import ENOUGH, WEIGHT
from services.ledger import EventName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from sqlalchemy import ColumnClause, Connection

    from services.certificate import Certificate
    from services.subject import Subject

PAGE: Final = "/desk-bars"


class BarRefused(PortalError):  # noqa: N818 (the sentence says what to do)
    """A bar can't be placed, lifted or objected to like this."""


@dataclass(frozen=True)
class Bar:
    """A bar. `known_by`: kinds of digest by which its member is known again, None until copied."""

    bar_id: UUID
    why: BarWhy
    placed_at: datetime
    ends_on: date
    known_by: tuple[str, ...] | None
    objected_at: datetime | None
    answered_at: datetime | None
    kept_why: BarKept | None
    lifted_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Return whether an objection waits for its answer."""
        return self.objected_at is not None and self.answered_at is None

    @property
    def answer_by(self) -> date | None:
        """Return the last day for the answer: that of any objection (PIPA art. 37)."""
        if self.objected_at is None:
            return None
        return law().due_on(RequestKind.OBJECTION, seoul_day(self.objected_at))

    @property
    def works(self) -> bool:
        """Return whether what is known is enough to say no; True until that has been looked at."""
        return self.known_by is None or sum(WEIGHT[kind] for kind in self.known_by) >= ENOUGH


@dataclass(frozen=True)
class Listed(Bar):
    """A bar in the officer's list, which names no member. `mine`: whoever looks placed it."""

    placed_no: str = ""
    mine: bool = False
    may_keep: bool = False


_SEEN: tuple[ColumnClause[Any], ...] = (
    column("bar_id", Uuid), column("why", Text), column("placed_at", DateTime(timezone=True)),
    column("ends_on", Date), column("known_by", ARRAY(Text)),
    column("objected_at", DateTime(timezone=True)), column("answered_at", DateTime(timezone=True)),
    column("kept_why", Text), column("lifted_at", DateTime(timezone=True)),
)  # fmt: skip
_LISTED = (*_SEEN, column("placed_by", Uuid), column("placed_no", Text))


def _of(row: Mapping[Any, Any]) -> dict[str, Any]:
    same = ("bar_id", "placed_at", "ends_on", "objected_at", "answered_at", "lifted_at")
    return {name: row[name] for name in same} | {
        "why": BarWhy(row["why"]),
        "known_by": None if row["known_by"] is None else tuple(row["known_by"]),
        "kept_why": BarKept(row["kept_why"]) if row["kept_why"] else None,
    }


def longest(today: date) -> date:
    """Return the latest end of a bar that is placed on a Seoul day.

    As long as clause 3.1 keeps data for this reason, counted from today: so it never lasts longer
    than what is kept of a member, whenever they leave.
    """
    return in_force(today).rule(AFTER_WITHDRAWAL).ends_on(today)


def listed(connection: Connection, actor: Actor) -> tuple[Listed, ...]:
    """Return the bars whose day is not over, open objections first: two queries, for an officer."""
    officer(actor)
    alone = not connection.scalar(select(func.ops.other_officers(actor.person)))
    function = func.ops.bars(actor.person, seoul_day(actor.at))
    rows = connection.execute(select(function.table_valued(*_LISTED, name="listed"))).mappings()
    return tuple(
        Listed(
            **_of(row), placed_no=row["placed_no"], mine=row["placed_by"] == actor.person,
            may_keep=alone or row["placed_by"] != actor.person,
        )
        for row in rows
    )  # fmt: skip


def officer(actor: Actor) -> None:
    """Raise `AccessDenied` for anybody but an officer."""
    if not page_opens(Permission.BAR_PLACE, actor):
        raise AccessDenied(N_("This page is not open to you."))


def checked(actor: Actor, typed: str, ends_on: date) -> str:
    """Return what was typed, in its one form. Raise `BarRefused` before anybody is looked for.

    Needs an officer who has just confirmed who they are.
    """
    officer(actor)
    actor.require_verification()
    if not typed.strip():
        raise BarRefused(N_("Please type the member's e-mail, mobile number or login ID."))
    _check_end(seoul_day(actor.at), ends_on)
    return typed.strip()


def _check_end(today: date, ends_on: date) -> None:
    if not today < ends_on <= longest(today):
        raise BarRefused(N_("A bar ends tomorrow at the earliest, and after a year at the latest."))


def seek(connection: Connection, actor: Actor, typed: str) -> tuple[UUID, ...]:
    """Return whom exactly this names, and note that it was asked, whoever is found.

    Let the transaction commit before anything is made of the answer.
    """
    officer(actor)
    actor.require_verification()
    entry = ledger.Entry(EventName.BAR_SOUGHT, None, Purpose.JOINING_LIMIT, PAGE)
    ledger.write(connection, actor, entry)
    with house().databases.keys.connect() as keys:
        return members_typed(keys, house().keyring, typed)


def the_one(found: tuple[UUID, ...]) -> UUID:
    """Return the one who was found. Raise `BarRefused` for nobody and for several."""
    if len(found) > 1:
        raise BarRefused(
            N_("Several members share this. Please use an e-mail address or a login ID.")
        )
    if not found:
        raise BarRefused(
            N_("No bar was placed: no member is found by exactly this. The look-up is noted.")
        )
    return found[0]


def place(
    connection: Connection, actor: Actor, member_id: UUID, why: BarWhy, ends_on: date
) -> UUID:
    """Place a bar and return its id; the worker makes it known and tells the member.

    Raise `BarRefused` for an end too near or too far, and where there is a bar already.
    """
    officer(actor)
    actor.require_verification()
    _check_end(seoul_day(actor.at), ends_on)
    bar_id = uuid4()
    placed = func.ops.place_bar(actor.person, bar_id, member_id, why.value, actor.at, ends_on)
    if not connection.scalar(select(placed)):
        raise BarRefused(N_("This member has a bar already. Lift it first to decide another one."))
    _note(connection, actor, EventName.BAR_PLACED, member_id, why)
    journal.note(connection, Noted.BARRED, member_id, actor.at, bar_id=bar_id, why=why,
                 ends_on=ends_on, placed_by=actor.person)  # fmt: skip
    jobs.defer(connection, jobs.BAR, bar_id=str(bar_id))
    return bar_id


def note_objection(connection: Connection, actor: Actor, bar_id: UUID) -> None:
    """Note an objection that came by word or letter: who left has no page to object on.

    Raise `BarRefused` when there is one already, or the bar was lifted meanwhile.
    """
    officer(actor)
    actor.require_verification()
    noting = func.ops.object_to_bar(actor.person, bar_id, actor.at, type_=Uuid)
    member_id = connection.scalar(select(noting))
    if member_id is None:
        raise BarRefused(N_("There is an objection already, or the bar is over."))
    _note(connection, actor, EventName.BAR_OBJECTED, member_id, None)
    journal.note(connection, Noted.BAR_OBJECTED, member_id, actor.at, bar_id=bar_id)


def lift(connection: Connection, actor: Actor, bar_id: UUID) -> None:
    """Lift a bar: from this moment its member may join again. It answers an objection, too.

    Raise `BarRefused` when it was lifted meanwhile.
    """
    officer(actor)
    actor.require_verification()
    lifting = func.ops.lift_bar(actor.person, bar_id, actor.at, type_=Uuid)
    _done(connection, actor, bar_id, connection.scalar(select(lifting)), None)


def keep(connection: Connection, actor: Actor, bar_id: UUID, why: BarKept) -> None:
    """Let a bar stay after an objection, with a reason.

    Another officer than the one who placed it decides that, where there is another. Raise
    `BarRefused` for the same one, or when it was decided meanwhile.
    """
    officer(actor)
    actor.require_verification()
    keeping = func.ops.keep_bar(actor.person, bar_id, why.value, actor.at, type_=Uuid)
    _done(connection, actor, bar_id, connection.scalar(select(keeping)), why)


def _done(
    connection: Connection, actor: Actor, bar_id: UUID, member_id: UUID | None, kept: BarKept | None
) -> None:
    """Note a decision of this actor's, or raise when there was nothing for them to decide."""
    if member_id is None:
        raise BarRefused(N_("This was decided already, or another officer has to decide it."))
    name = EventName.BAR_KEPT if kept else EventName.BAR_LIFTED
    _note(connection, actor, name, member_id, kept)
    noted = Noted.BAR_KEPT if kept else Noted.BAR_LIFTED
    journal.note(connection, noted, member_id, actor.at, bar_id=bar_id, why=kept, by=actor.person)
    jobs.defer(connection, jobs.BAR, bar_id=str(bar_id))


def _note(
    connection: Connection, actor: Actor, name: EventName, member_id: UUID, why: str | None
) -> None:
    entry = ledger.Entry(name, member_id, Purpose.JOINING_LIMIT, PAGE, reason=why)
    ledger.write(connection, actor, entry)


def mine(subject: Subject) -> Bar | None:
    """Return the bar that stands against the member today, if any: one query."""
    given = {"member": subject.member_id, "today": subject.today}
    return standing(subject.connection.execute(bar_rows.STANDING, given).mappings())


def standing(rows: Iterable[Mapping[Any, Any]]) -> Bar | None:
    """Return the bar of a row of `bar_rows.STANDING`, if there is one."""
    return next((Bar(**_of(row)) for row in rows), None)


def after_leaving(connection: Connection, given: Certificate, today: date) -> Bar | None:
    """Return the bar that stands against who left with this certificate, if any: one query."""
    function = func.ops.withdrawal_bar(*given.digests, today)
    return standing(
        connection.execute(select(function.table_valued(*_SEEN, name="left"))).mappings()
    )


def object_to(subject: Subject, bar_id: UUID) -> None:
    """Object to one's bar, once; the desk answers. Raise `BarRefused` where there is nothing to."""
    mine_ = (bar.c.member_id == subject.member_id) & (bar.c.bar_id == bar_id)
    asked = update(bar).where(mine_, bar.c.lifted_at.is_(None), bar.c.objected_at.is_(None))
    if not subject.connection.execute(asked.values(objected_at=subject.at)).rowcount:
        raise BarRefused(N_("You have objected already, or the bar is over."))
    entry = ledger.Entry(EventName.BAR_OBJECTED, subject.member_id, Purpose.JOINING_LIMIT)
    ledger.write(subject.connection, subject.actor, entry)
    journal.note(
        subject.connection, Noted.BAR_OBJECTED, subject.member_id, subject.at, bar_id=bar_id
    )
