"""A child's own way in, entered by a guardian before the 14th birthday (clause 9).

An address counts once its link was followed, and then a link to set a password goes there; a mobile
number is told how to set one by a code. So both are proved by who reads them, never by who typed
them, and the guardian's own are refused: at 14 they would open the child's data to the guardian.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from db.errors import PortalError
from db.settings import settings
from db.words import N_
from services import correction, guarding, notify
from services.actor import Relation
from services.contact_values import accepted
from services.correction import Outcome
from services.first_password import has_password
from services.house import house
from services.identity import recovery
from services.identity.accounts import members_typed

if TYPE_CHECKING:
    from services.subject import Subject

INVITED: Final = "own_sign_in"


class ContactRefused(PortalError):  # noqa: N818 (the sentence says what to enter instead)
    """What was typed can't be the child's own contact."""


def give(subject: Subject, typed: str) -> Outcome:
    """Enter an e-mail address or a mobile number of the child's own.

    Needs a verification. Raise `ContactRefused` for a guardian's own one and for what is neither,
    `ValueRefused` for a wrong form, `HeldBack` during a dispute.
    """
    subject.actor.require_verification()
    item = _item(typed)
    value = accepted(item, typed, subject.today)
    if subject.relation is Relation.GUARDIAN and _is_guardians(subject, value):
        raise ContactRefused(
            N_("This is a guardian's own. Please enter one that only the child reads.")
        )
    done = correction.correct(subject, item, 0, typed)
    new = item == "mobile" and done is Outcome.CHANGED
    if new and not settings().member_metadata_url and not has_password(subject):
        notify.notify(subject, INVITED, key=f"{INVITED}:{subject.at}", way="sms")
    return done


def _item(typed: str) -> str:
    try:
        return recovery.asked(typed).pair[0]
    except recovery.NotAnAddress as error:
        raise ContactRefused(error.message) from None


def _is_guardians(subject: Subject, value: str) -> bool:
    """Return whether who acts is found by it. Of other guardians nothing must be learnt."""
    with house().databases.keys.connect() as keys:
        return subject.actor.person in members_typed(keys, house().keyring, value)


def reached(subject: Subject) -> bool:
    """Return whether the member has an address, a number or a password of their own: one query."""
    member = subject.tables.member.c
    own = select(guarding.reached(subject.tables)).where(member.member_id == subject.member_id)
    return bool(subject.connection.scalar(own))
