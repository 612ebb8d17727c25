"""What a stop would change, use by use, told before it happens (PIPA art. 37)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from db.declarations import ITEMS
from db.law import law
from db.words import RIGHTS, Purpose, RequestKind
from services import restriction, use

if TYPE_CHECKING:
    from datetime import date

    from services.restriction import Continues
    from services.subject import Subject


@dataclass(frozen=True)
class Line:
    """A use: which items held serve it now, and what follows.

    `goes_on`: it does not stop at all, or (with `until`) stops after that day. No `items`: nothing
    is used for it today, because nothing is held, consented to, or it is stopped already.
    """

    purpose: Purpose
    items: tuple[str, ...]
    goes_on: bool
    until: date | None


@dataclass(frozen=True)
class Preview:
    """What a stop of `scope` would do; `due_on`: until when it is decided."""

    scope: str | None
    lines: tuple[Line, ...]
    continues: tuple[Continues, ...]
    due_on: date

    @property
    def stops_something(self) -> bool:
        """Return whether there is a use that would stop, now or later."""
        return any(not line.goes_on or line.until for line in self.lines)


def preview(subject: Subject, scope: str | None) -> Preview:
    """Return what would change: three queries."""
    chosen = restriction.purposes_of(scope, subject.today)
    continues = restriction.what_continues(subject, chosen)
    lasting = {purpose: one.until for one in continues for purpose in one.purposes}
    held, standing = _held(subject), subject.standing
    lines = tuple(
        Line(
            purpose,
            tuple(i for i in held if use.decide(i, purpose, standing).allowed),
            purpose in lasting,
            lasting.get(purpose),
        )
        for purpose in Purpose
        if purpose in chosen - RIGHTS
    )
    due_on = law().due_on(RequestKind.RESTRICTION, subject.today)
    return Preview(scope, lines, continues, due_on)


def _held(subject: Subject) -> tuple[str, ...]:
    """Return the items of which a value is held, in the order of the declarations."""
    table = subject.tables.profile_value.c
    found = set(
        subject.connection.scalars(
            select(table.item)
            .distinct()
            .where(table.member_id == subject.member_id, table.sealed.is_not(None))
        )
    )
    return tuple(name for name in ITEMS if name in found)
