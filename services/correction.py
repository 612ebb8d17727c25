"""Putting a value right (clause 9; PIPA art. 36): at once, by a link, or after proof.

What is declared correctable changes at once; an e-mail address counts once its link was followed,
a number that a guardian gives for a child once its code was entered; what needs proof becomes a
request, and until that is decided the item is used for nothing (P32).
"""

from __future__ import annotations

import base64
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from db.declarations import ITEMS, LOCATING, Correction
from db.errors import PortalError
from db.words import N_, CaseChannel, RequestKind, Source, StepWhat
from services import (
    contact_values,
    email_change,
    evidence,
    files,
    guardians_own,
    held_values,
    item_consents,
    mobile_change,
    notify,
    requests,
)
from services.actor import Relation
from services.holding_back import held_back

if TYPE_CHECKING:
    from uuid import UUID

    from services.subject import Subject

MOST_VALUES: Final = 20
"""Values of one repeated item."""


_WAIT: Final = LOCATING | {"email", "mobile"}
"""What no guardian changes while a dispute is open: where the child is, and who reads its mail."""


class NotCorrectable(PortalError):  # noqa: N818 (the sentence says what to do instead)
    """The item can't be put right in this way."""


class Outcome(StrEnum):
    """What became of a correction."""

    CHANGED = "changed"
    SAME = "same"
    LINK_SENT = "link_sent"
    CODE_SENT = "code_sent"


class Granted(Protocol):
    """A request that was granted, opened."""

    @property
    def item(self) -> str | None:
        """Return the item it is about."""

    @property
    def proposed(self) -> dict[str, str]:
        """Return what was proposed: the new value under "value"."""


def correct(
    subject: Subject, item: str, seq: int | None, typed: str, *, source: Source = Source.PORTAL
) -> Outcome:
    """Put a value right at once; `seq` None adds one to a repeated item. The old one isn't kept.

    `source` says how staff in a case were told (phone, paper …). Raise `StepUpRequired` without a
    fresh verification, `NotCorrectable`, `ValueRefused` with what to do about what was typed, or
    `ContactRefused` for a guardian's own as the child's.
    """
    _may(subject, item, Correction.AT_ONCE)
    if subject.alone and item == "mobile":
        # Codes that open the account go there: one of the staff alone would have it in hand.
        raise NotCorrectable(
            N_("Staff don't change the mobile number: the member changes it after signing in. "
               "Who can't sign in any more gets a new sign-in first, with a second staff member.")
        )  # fmt: skip
    value = contact_values.accepted(item, typed, subject.today)
    if item in guardians_own.CONTACTS:
        guardians_own.refuse(subject, value)
    return _change(subject, item, seq, value, told_by(subject) or source)


def correct_picture(subject: Subject, content: bytes) -> Outcome:
    """Replace the profile image by a small copy of the picture given. Raise `FileRefused`."""
    _may(subject, "profile_image", Correction.AT_ONCE)
    value = base64.b64encode(files.portrait(content)).decode()
    return _change(subject, "profile_image", 0, value, told_by(subject) or Source.PORTAL)


CHANNELS: Final = {
    CaseChannel.PHONE: Source.PHONE, CaseChannel.EMAIL: Source.WEB,
    CaseChannel.LETTER: Source.PAPER, CaseChannel.FAX: Source.FAX,
    CaseChannel.VISIT: Source.PAPER, CaseChannel.PUBLIC_PORTAL: Source.PARTNER,
}  # fmt: skip
"""How a value came that was given in a case (clause 2.2; P03)."""


def told_by(subject: Subject) -> Source | None:
    """Return how staff in a case were told a value (clause 2.2; P03); None outside of one."""
    grant = subject.actor.grant
    return CHANNELS[grant.channel] if grant is not None and subject.in_case else None


def _change(subject: Subject, item: str, seq: int | None, value: str, source: Source) -> Outcome:
    if seq is None and ITEMS[item].repeated:
        held_values.add(subject, item, value, source)
        item_consents.agree_for_item(subject, item)
        return Outcome.CHANGED
    seq = seq or 0
    before = held_values.text_of(subject, item, seq)
    if before == value:
        return Outcome.SAME
    if item == "email":
        subject.second_word(StepWhat.EMAIL)
        email_change.ask(subject, value, before)
        return Outcome.LINK_SENT
    if item == "mobile" and subject.relation is Relation.GUARDIAN:
        mobile_change.ask(subject, value)
        return Outcome.CODE_SENT
    held_values.put(subject, item, seq, value, source)
    item_consents.agree_for_item(subject, item)
    if item == "mobile":
        notify.notify(subject, "mobile_changed", key=f"mobile_changed:{subject.at}", way="either")
    return Outcome.CHANGED


def ask(subject: Subject, item: str, typed: str, proof: bytes | None = None) -> UUID:
    """Ask for an item to be put right that needs proof; return the request's id.

    Until it is decided the item is restricted. Raise `NotCorrectable`, `ValueRefused`,
    `FileRefused`, or `RequestRefused` when the same is asked already.
    """
    _may(subject, item, Correction.WITH_PROOF)
    value = contact_values.accepted(item, typed, subject.today)
    if held_values.text_of(subject, item, 0) == value:
        raise NotCorrectable(N_("That is what is held already. There is nothing to put right."))
    request_id = requests.make(
        subject, RequestKind.CORRECTION, item=item, proposed={"value": value}
    )
    if proof is not None:
        evidence.keep(subject, request_id, proof)
    return request_id


def apply(subject: Subject, request: Granted) -> None:
    """Put in what a granted request proposed, in the deciding transaction.

    Closing the request destroys its proof and lifts the restriction. Raise `ValueRefused` when the
    day has made the value impossible meanwhile.
    """
    item, value = request.item, request.proposed.get("value")
    if item is None or value is None:
        raise NotCorrectable(N_("This request proposes no value. Please ask the member for one."))
    kept = contact_values.accepted(item, value, subject.today)
    held_values.put(subject, item, 0, kept)


def _may(subject: Subject, item: str, how: Correction) -> None:
    subject.actor.require_verification()
    if item in _WAIT:
        held_back(subject, guardians_only=True)
    if item not in ITEMS or ITEMS[item].correction is not how:
        raise NotCorrectable(N_("This can't be changed here. Please ask us."))
