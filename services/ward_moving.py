"""Moves what a parent's own record says about a baby to the child's account, when it gets one.

Nothing is moved unasked: the page offers it, before and after in words. What the child's record
lacks is set there as it came (source and day), sealed under the child's key; then it is cleared at
the parent, as `services/clearing` does. One transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from db import places
from db.errors import PortalError
from db.words import N_, Purpose
from services import access, clearing, held_values, ledger
from services.actor import Permission
from services.ledger import EventName

if TYPE_CHECKING:
    from uuid import UUID

    from services.subject import Subject

PAGE: Final = "/family"
_OWN: Final = ("baby_name", "baby_date")
_CHILDS: Final = ("birth_date", "name", "nickname")
_BECOMES: Final = {"baby_name": "nickname", "baby_date": "birth_date"}
"""What an item of the parent's is in the child's own record."""
_LOOK: Final = access.Look(
    EventName.PROFILE_VIEWED, Permission.PROFILE_READ, PAGE, _CHILDS, folds=False
)
_MOVE: Final = access.Look(
    EventName.WARD_MOVED, Permission.PROFILE_CORRECT, PAGE, _CHILDS, folds=False
)


class NothingToMove(PortalError):  # noqa: N818 (said to who asked)
    """The parent's record says nothing (any more) that is of this child."""


@dataclass(frozen=True)
class Match:
    """What of the parent's record is of the child: `items` leave it; `sets` are set at the child.

    `follows`: what is derived from it and goes with it.
    """

    seq: int
    items: tuple[str, ...]
    sets: tuple[str, ...]
    follows: tuple[str, ...]


def find(subject: Subject, child: UUID) -> Match | None:
    """Return what would move, without moving it: the same birth date, and of twins the name."""
    with access.beside(subject, child, Purpose.SHOW, look=_LOOK) as theirs:
        known = _values(theirs, _CHILDS)
    return _match(_values(subject, _OWN), known)


def move(subject: Subject, child: UUID) -> Match:
    """Move it. Raise `NothingToMove`, or `StepUpRequired` without a fresh verification."""
    subject.actor.require_verification()
    own = _values(subject, _OWN, lock=True)
    with access.beside(subject, child, Purpose.CORRECT, look=_MOVE) as theirs:
        match = _match(own, _values(theirs, _CHILDS, lock=True))
        if match is None:
            raise NothingToMove(
                N_("Your record holds nothing of this child any more. Nothing was moved.")
            )
        for item in match.items:
            target = _BECOMES[item]
            if target in match.sets:
                text, row = own[item, match.seq]
                held_values.take_over(theirs, target, text, row)
    clearing.clear(subject, match.items, match.seq)
    entry = ledger.Entry(
        EventName.WARD_MOVED, subject.member_id, Purpose.CORRECT, PAGE, match.items
    )
    ledger.write(subject.connection, subject.actor, entry)
    return match


_Known = dict[tuple[str, int], tuple[str, Any]]


def _values(subject: Subject, items: tuple[str, ...], *, lock: bool = False) -> _Known:
    """Return each value held of `items`, opened, with its row."""
    table = subject.tables.profile_value
    wanted = select(table).where(
        table.c.member_id == subject.member_id, table.c.item.in_(items),
        table.c.sealed.is_not(None),
    )  # fmt: skip
    rows = subject.connection.execute(wanted.with_for_update() if lock else wanted).mappings()
    opened = {
        (row["item"], row["seq"]): (
            subject.open(row["sealed"], places.profile(row["item"], row["seq"])),
            row,
        )
        for row in rows
    }
    return {key: (text, row) for key, (text, row) in opened.items() if text is not None}


def _match(own: _Known, known: _Known) -> Match | None:
    born = known.get(("birth_date", 0))
    if born is None:
        return None
    same = [seq for (item, seq), (text, _) in own.items()
            if item == "baby_date" and text == born[0]]  # fmt: skip
    names = {known[item, 0][0] for item in ("name", "nickname") if (item, 0) in known}
    if len(same) > 1:
        same = [seq for seq in same if own.get(("baby_name", seq), ("", None))[0] in names]
    if len(same) != 1:
        return None
    seq = same[0]
    items = tuple(item for item in _OWN if (item, seq) in own)
    sets = tuple(_BECOMES[item] for item in items if (_BECOMES[item], 0) not in known)
    last = tuple(item for item in items if not any(i == item and s != seq for i, s in own))
    follows = tuple(name for name in clearing.follows(last) if name not in last)
    return Match(seq, items, sets, follows)
