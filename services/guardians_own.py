"""A guardian's own address or number is no contact of the child's: at 14 it would open the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from db.errors import PortalError
from db.words import N_
from services import guardian_calls
from services.actor import Relation
from services.house import house
from services.identity.accounts import members_typed

if TYPE_CHECKING:
    from services.subject import Subject

CONTACTS: Final = frozenset({"email", "mobile"})
"""By which somebody is written to, and sets a password."""


class ContactRefused(PortalError):  # noqa: N818 (the sentence says what to enter instead)
    """What was typed can't be the child's own contact."""


def refuse(subject: Subject, value: str) -> None:
    """Raise `ContactRefused` where a guardian, or staff in their case, enter the guardian's own."""
    if _is_own(subject, value):
        raise ContactRefused(
            N_("This is a guardian's own. Please enter one that only the child reads.")
        )


def _is_own(subject: Subject, value: str) -> bool:
    """Return whether who acts is found by it. Of other guardians no guardian must learn a thing."""
    acting = subject.relation is Relation.GUARDIAN
    who = subject.actor.person if acting else guardian_calls.guardian_of(subject)
    if who is None:
        return False
    with house().databases.keys.connect() as keys:
        return who in members_typed(keys, house().keyring, value)
