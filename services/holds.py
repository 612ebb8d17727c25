"""Legal holds: what must not be destroyed, nor separated, although its time has come.

The officer places one on a member, on a kind of row, or on a member's rows of one kind, with a
reason and an end. It ends by itself after that day (policy 2021-03-15, clause 4: "unless by law").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, exists, func, insert, or_, select, update

from db.clock import seoul_day
from db.errors import PortalError
from db.tables.keeping import hold
from db.tables.ops import staff
from db.words import N_, HoldWhy, Noted, RecordKind
from services import journal, ledger
from services.actor import Actor, Permission, page_opens
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

PAGE: Final = "/desk-destruction"
INBOX: Final = "inbox"
AFTER_WITHDRAWAL: Final = "after_withdrawal"
KINDS: Final = (*RecordKind, INBOX, AFTER_WITHDRAWAL)
"""What a hold can be placed on, beside a member: what has a last day of its own."""
LONGEST_REFERENCE: Final = 60


class HoldError(PortalError):
    """A hold can't be placed like this."""


@dataclass(frozen=True)
class Hold:
    """A standing hold; `member_id` or `kind` may be None, which means every one.

    `staff_no` is the number of the officer who placed it.
    """

    hold_id: UUID
    member_id: UUID | None
    kind: str | None
    why: HoldWhy
    reference: str | None
    ends_on: date
    staff_no: str | None


@dataclass(frozen=True)
class HeldBack:
    """How many rows of a kind a hold keeps: `due` already, or `ending` while it lasts."""

    kind: str
    due: int
    ending: int


@dataclass(frozen=True)
class Wish:
    """What the officer asks to hold. `reference`: the number of a file, which names nobody."""

    why: HoldWhy
    ends_on: date
    member_id: UUID | None = None
    kind: str | None = None
    reference: str = ""


def _standing(today: date) -> ColumnElement[bool]:
    return hold.c.lifted_at.is_(None) & (hold.c.ends_on >= today)


def not_held(
    member_id: ColumnElement[UUID], today: date, kind: ColumnElement[str] | None = None
) -> ColumnElement[bool]:
    """Return the condition that no standing hold covers a row, for set-based selections.

    Without `kind` any hold on the member counts, whatever its kind: for moving a whole member.
    """
    mine = or_(hold.c.member_id.is_(None), hold.c.member_id == member_id)
    if kind is None:
        return ~exists(select(1).where(_standing(today), hold.c.member_id == member_id))
    same = or_(hold.c.kind.is_(None), hold.c.kind == kind)
    # Whether there is any is asked once; only then, of each row.
    none = ~exists(select(1).where(_standing(today)))
    return or_(none, ~exists(select(1).where(_standing(today), mine, same)))


def is_held(connection: Connection, member_id: UUID, today: date) -> bool:
    """Return whether a standing hold names this member."""
    found = select(exists().where(_standing(today), hold.c.member_id == member_id))
    return bool(connection.scalar(found))


def standing(connection: Connection, today: date) -> tuple[Hold, ...]:
    """Return the holds that stand on a Seoul day, those that end first at the top."""
    chosen = (
        select(
            hold.c.hold_id, hold.c.member_id, hold.c.kind, hold.c.why, hold.c.reference,
            hold.c.ends_on, staff.c.staff_no,
        )
        .outerjoin(staff, staff.c.staff_id == hold.c.placed_by)
        .where(_standing(today))
        .order_by(hold.c.ends_on, hold.c.placed_at, hold.c.hold_id)
    )  # fmt: skip
    return tuple(
        Hold(r.hold_id, r.member_id, r.kind, HoldWhy(r.why), r.reference, r.ends_on, r.staff_no)
        for r in connection.execute(chosen)
    )


def count(connection: Connection, today: date) -> int:
    """Return how many holds stand on a Seoul day."""
    return connection.scalar(select(func.count()).select_from(hold).where(_standing(today))) or 0


def preview(connection: Connection, actor: Actor, wish: Wish) -> tuple[HeldBack, ...]:
    """Return what a hold would keep, kind by kind: numbers from every store, one query.

    Raise `HoldError` for a wish that can't be placed.
    """
    check(actor, wish)
    function = func.ops.held_back(
        actor.person, wish.member_id, wish.kind, seoul_day(actor.at), wish.ends_on
    ).table_valued("kind", "due", "ending")
    return tuple(HeldBack(*row) for row in connection.execute(select(function)))


def officer(actor: Actor) -> None:
    """Raise `HoldError` unless this is an officer, `StepUpRequired` without a verification."""
    if not page_opens(Permission.OFFICER_DESK, actor):
        raise HoldError(N_("This page is not open to you."))
    actor.require_verification()


def check(actor: Actor, wish: Wish) -> None:
    """Raise `HoldError` unless the wish can be placed, `StepUpRequired` without a verification."""
    officer(actor)
    if wish.member_id is None and wish.kind is None:
        raise HoldError(N_("Say what to hold: a member, a kind of data, or both."))
    if wish.kind is not None and wish.kind not in KINDS:
        raise HoldError(N_("Say what to hold: a member, a kind of data, or both."))
    if wish.ends_on < seoul_day(actor.at):
        raise HoldError(N_("A hold must end today or later."))
    if len(wish.reference) > LONGEST_REFERENCE:
        raise HoldError(N_("The file's number is too long."))


def place(connection: Connection, actor: Actor, wish: Wish) -> UUID:
    """Place a hold; a member whom it names sees it in `/history`.

    Needs an officer with a recent verification. Raise `HoldError` for one that names nothing or is
    past.
    """
    check(actor, wish)
    row = {
        "hold_id": uuid4(), "member_id": wish.member_id, "kind": wish.kind, "why": wish.why,
        "reference": wish.reference.strip() or None, "ends_on": wish.ends_on,
    }  # fmt: skip
    row |= {"placed_by": actor.person, "placed_at": actor.at}
    connection.execute(insert(hold).values(row))
    journal.note(connection, Noted.HELD, wish.member_id, actor.at, rows=[(hold, row)])
    entry = ledger.Entry(EventName.HOLD_PLACED, wish.member_id, page=PAGE, reason=wish.why)
    ledger.write(connection, actor, entry)
    return row["hold_id"]  # type: ignore[return-value]


def lift(connection: Connection, actor: Actor, hold_id: UUID) -> None:
    """End a hold before its day; a second time changes nothing. As `place`."""
    officer(actor)
    ended = (
        update(hold)
        .where(hold.c.hold_id == hold_id, hold.c.lifted_at.is_(None))
        .values(lifted_by=actor.person, lifted_at=actor.at)
        .returning(hold)
    )
    row = connection.execute(ended).mappings().one_or_none()
    if row is None:
        return
    journal.note(connection, Noted.HOLD_LIFTED, None, actor.at, rows=[(hold, row)])
    entry = ledger.Entry(EventName.HOLD_LIFTED, row["member_id"], page=PAGE, reason=row["why"])
    ledger.write(connection, actor, entry)
