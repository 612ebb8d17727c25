"""Whom the built-in sign-in service signs in: members and staff, kept apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from uuid import UUID

Kind = Literal["member", "staff"]


@dataclass(frozen=True)
class Person:
    """Somebody who has an account here."""

    kind: Kind
    person_id: UUID

    @property
    def subject(self) -> str:
        """Return the `sub` of their tokens: a random number that says nothing about them."""
        return str(self.person_id)

    @property
    def columns(self) -> dict[str, UUID | None]:
        """Return the person as the two columns of our tables, one of them empty."""
        mine = {"member": "member_id", "staff": "staff_id"}[self.kind]
        return {"member_id": None, "staff_id": None, mine: self.person_id}


def person_of(member_id: UUID | None, staff_id: UUID | None) -> Person:
    """Return the person that two columns name."""
    if member_id is not None:
        return Person("member", member_id)
    if staff_id is None:
        msg = "a row without a person"
        raise ValueError(msg)
    return Person("staff", staff_id)
