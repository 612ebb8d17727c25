"""A child's own way in, entered by a guardian before the 14th birthday (clause 9).

An address counts once its link was followed, and then a link to set a password goes there; a mobile
number counts once its code was entered, and then it is told how to set one. So both are proved by
who reads them, never by who typed them, and the guardian's own are refused: at 14 they would open
the child's data to the guardian.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from services import correction, guarding
from services.guardians_own import ContactRefused
from services.identity import recovery

if TYPE_CHECKING:
    from datetime import datetime

    from services.correction import Outcome
    from services.subject import Subject


@dataclass(frozen=True)
class Way:
    """Whether a member has an address, a number or a password; until when a number waits."""

    reached: bool
    code_until: datetime | None


def give(subject: Subject, typed: str) -> Outcome:
    """Enter an e-mail address or a mobile number of the child's own.

    Needs a verification. Raise `ContactRefused` for a guardian's own one and for what is neither,
    `ValueRefused` for a wrong form, `HeldBack` during a dispute.
    """
    subject.actor.require_verification()
    return correction.correct(subject, _item(typed), 0, typed)


def _item(typed: str) -> str:
    try:
        return recovery.asked(typed).pair[0]
    except recovery.NotAnAddress as error:
        raise ContactRefused(error.message) from None


def way(subject: Subject) -> Way:
    """Return whether the member can be reached, and what waits to be confirmed: one query."""
    member, waits = subject.tables.member.c, subject.tables.pending_value.c
    until = select(waits.expires_at).where(
        waits.member_id == member.member_id, waits.item == "mobile", waits.expires_at > subject.at
    )
    row = subject.connection.execute(
        select(guarding.reached(subject.tables).label("reached"), until.scalar_subquery())
        .where(member.member_id == subject.member_id)
    ).one()  # fmt: skip
    return Way(row[0], row[1])
