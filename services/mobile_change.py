"""A mobile number that a guardian gives for a child counts once a code sent there was entered.

Until then the child has no number by it: at 14 it would be told and let in there (clause 9). The
code proves that who reads it told the guardian; it is sent as every other mobile code is.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from sqlalchemy import any_, func, select, update

from db.settings import settings
from db.tables.ledger import event
from db.tables.ops import one_time
from db.words import N_
from services import held_values, item_consents, notify, waiting_values
from services.first_password import has_password
from services.guardians_own import ContactRefused
from services.holding_back import held_back
from services.house import house
from services.identity.recovery import CODE_LASTS, CODE_TRIES, code_of, digits_of
from services.ledger import EventName

if TYPE_CHECKING:
    from services.subject import Subject

MOST_A_DAY: Final = 3
"""Codes about one child in a day: a number that was typed wrong is somebody's telephone."""
INVITED: Final = "own_sign_in"
_ITEM: Final = "mobile"


def ask(subject: Subject, value: str) -> None:
    """Send a code to the new number, which waits for it; the one that is held is disputed.

    Raise `ContactRefused` for the fourth code in 24 hours, or as `waiting_values.keep`.
    """
    c = event.c
    lately = select(func.count()).where(
        c.member_id == subject.member_id, c.name == EventName.CONFIRMATION_ASKED,
        c.at > subject.at - timedelta(days=1), any_(c["items"]) == _ITEM,
    )  # fmt: skip
    if (subject.connection.scalar(lately) or 0) >= MOST_A_DAY:
        raise ContactRefused(
            N_("We have sent {count} codes for this child today. Please try again tomorrow, or "
               "enter an e-mail address."), count=MOST_A_DAY,
        )  # fmt: skip
    key = secrets.token_bytes(32)
    waiting_values.keep(
        subject,
        waiting_values.New(_ITEM, value, key, subject.at + CODE_LASTS, CODE_TRIES),
    )
    params = {"code": code_of(house().keyring, key)}
    notify.notify(subject, "mobile_code", params, key=f"mobile_code:{uuid4()}", way="sms", to=value)


def confirm(subject: Subject, typed: str) -> bool:
    """Spend a try, and with the right code let the number count; return whether it was right.

    A child without a password is told there how to set one. A wrong code is counted: don't raise
    after it, or the count is lost. So is one that is over, or that a guardian asked for who may not
    act any more: it is forgotten. Needs a verification; raise `HeldBack` during a dispute.
    """
    subject.actor.require_verification()
    held_back(subject, guardians_only=True)
    table = one_time.c
    row = subject.connection.execute(
        update(one_time)
        .where(
            table.member_id == subject.member_id, table.use == waiting_values.USES[_ITEM],
            table.used_at.is_(None), table.expires_at > subject.at, table.tries_left > 0,
        )
        .values(tries_left=table.tries_left - 1)
        .returning(table.digest)
    ).one_or_none()  # fmt: skip
    if row is None:
        return False
    right = secrets.compare_digest(code_of(house().keyring, bytes(row.digest)), digits_of(typed))
    if not right:
        return False
    counts = waiting_values.asker_may(subject, _ITEM)
    value = waiting_values.take(subject, _ITEM)
    waiting_values.forget(subject, _ITEM)  # the code, too, and the dispute about the old number
    if not counts or value is None:
        return False
    _put(subject, value)
    return True


def _put(subject: Subject, value: str) -> None:
    held_values.put(subject, _ITEM, 0, value)
    item_consents.agree_for_item(subject, _ITEM)
    notify.notify(subject, "mobile_changed", key=f"mobile_changed:{subject.at}", way="either")
    if not settings().member_metadata_url and not has_password(subject):
        notify.notify(subject, INVITED, key=f"{INVITED}:{subject.at}", way="sms")
