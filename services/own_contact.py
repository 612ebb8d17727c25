"""A child's own way in, entered by a guardian before the 14th birthday (clause 9).

An address counts once its link was followed, and then a link to set a password goes there; a mobile
number is told how to set one by a code. So both are proved by who reads them, never by who typed
them, and the guardian's own are refused: at 14 they would open the child's data to the guardian.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from db.settings import settings
from services import correction, guarding, notify
from services.correction import Outcome
from services.first_password import has_password
from services.guardians_own import ContactRefused
from services.identity import recovery

if TYPE_CHECKING:
    from services.subject import Subject

INVITED: Final = "own_sign_in"


def give(subject: Subject, typed: str) -> Outcome:
    """Enter an e-mail address or a mobile number of the child's own.

    Needs a verification. Raise `ContactRefused` for a guardian's own one and for what is neither,
    `ValueRefused` for a wrong form, `HeldBack` during a dispute.
    """
    subject.actor.require_verification()
    item = _item(typed)
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


def reached(subject: Subject) -> bool:
    """Return whether the member has an address, a number or a password of their own: one query."""
    member = subject.tables.member.c
    own = select(guarding.reached(subject.tables)).where(member.member_id == subject.member_id)
    return bool(subject.connection.scalar(own))
