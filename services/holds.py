"""Legal holds: what must not be destroyed, nor separated, although its time has come.

The officer places one on a member, on a kind of row, or on a member's rows of one kind, with a
reason and an end. It ends by itself after that day (policy 2021-03-15, clause 4: "unless by law").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, exists, insert, or_, select, update

from db.clock import seoul_day
from db.errors import PortalError
from db.tables.keeping import hold
from db.words import N_, HoldWhy, Noted, RecordKind
from services import journal
from services.actor import Actor, Permission, page_opens

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

INBOX: Final = "inbox"
AFTER_WITHDRAWAL: Final = "after_withdrawal"
KINDS: Final = (*RecordKind, INBOX, AFTER_WITHDRAWAL)
"""What a hold can be placed on, beside a member: what has a last day of its own."""
LONGEST_REFERENCE: Final = 60


class HoldError(PortalError):
    """A hold can't be placed like this."""


@dataclass(frozen=True)
class Hold:
    """A standing hold; `member_id` or `kind` may be None, which means every one."""

    hold_id: UUID
    member_id: UUID | None
    kind: str | None
    why: HoldWhy
    reference: str | None
    ends_on: date


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
    return ~exists(select(1).where(_standing(today), mine, same))


def is_held(connection: Connection, member_id: UUID, today: date) -> bool:
    """Return whether a standing hold names this member."""
    found = select(exists().where(_standing(today), hold.c.member_id == member_id))
    return bool(connection.scalar(found))


def standing(connection: Connection, today: date) -> tuple[Hold, ...]:
    """Return the holds that stand on a Seoul day, those that end first at the top."""
    chosen = select(
        hold.c.hold_id, hold.c.member_id, hold.c.kind, hold.c.why, hold.c.reference, hold.c.ends_on
    )
    rows = connection.execute(chosen.where(_standing(today)).order_by(hold.c.ends_on))
    return tuple(Hold(r.hold_id, r.member_id, r.kind, HoldWhy(r.why), r.reference, r.ends_on)
                 for r in rows)  # fmt: skip


def _check(actor: Actor, wish: Wish) -> None:
    if not page_opens(Permission.OFFICER_DESK, actor):
        raise HoldError(N_("This page is not open to you."))
    if wish.member_id is None and wish.kind is None:
        raise HoldError(N_("Say what to hold: a member, a kind of data, or both."))
    if wish.kind is not None and wish.kind not in KINDS:
        raise HoldError(N_("Say what to hold: a member, a kind of data, or both."))
    if wish.ends_on < seoul_day(actor.at):
        raise HoldError(N_("A hold must end today or later."))
    if len(wish.reference) > LONGEST_REFERENCE:
        raise HoldError(N_("The file's number is too long."))


def place(connection: Connection, actor: Actor, wish: Wish) -> UUID:
    """Place a hold, by an officer; raise `HoldError` for one that names nothing or is past."""
    _check(actor, wish)
    row = {
        "hold_id": uuid4(), "member_id": wish.member_id, "kind": wish.kind, "why": wish.why,
        "reference": wish.reference.strip() or None, "ends_on": wish.ends_on,
    }  # fmt: skip
    made = insert(hold).values(**row, placed_by=actor.person, placed_at=actor.at)
    connection.execute(made)
    journal.note(connection, Noted.HELD, wish.member_id, actor.at, **row)
    return row["hold_id"]  # type: ignore[return-value]


def lift(connection: Connection, actor: Actor, hold_id: UUID) -> None:
    """End a hold before its day; a second time changes nothing."""
    if not page_opens(Permission.OFFICER_DESK, actor):
        raise HoldError(N_("This page is not open to you."))
    ended = (
        update(hold)
        .where(hold.c.hold_id == hold_id, hold.c.lifted_at.is_(None))
        .values(lifted_by=actor.person, lifted_at=actor.at)
    )
    if connection.execute(ended).rowcount:
        journal.note(connection, Noted.HOLD_LIFTED, None, actor.at, hold_id=hold_id)
