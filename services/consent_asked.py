"""Consents as they stand: each with its state, whom it is about and until when; and the devices."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2s
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from db.consent_terms import Term, Terms
    from db.period import Period
    from services.consent_state import Latest


class State(StrEnum):
    """How a consent stands."""

    ON = "on"
    OFF = "off"
    NEVER = "never"
    UNDATED = "undated"
    OVER = "over"
    PAUSED = "paused"
    ASKED_ANEW = "asked_anew"


@dataclass(frozen=True)
class Recipient:
    """A company that a consent names; `known` False: only a record names it, or the work ended."""

    company_id: str
    name: str
    purpose: str | None = None
    kept: Period | None = None
    items: tuple[str, ...] = ()
    ends_on: date | None = None
    fictional: bool = False
    known: bool = True


@dataclass(frozen=True)
class Asked:
    """One consent as it stands. `on`: the latest decision is a yes that counts by itself.

    `waits_for`: consents without which it is not used; `stopped`: a restriction keeps it from being
    used. `until`: its last day; `due`: it ends soon unless it is confirmed; `would_end`: the last
    day of a yes that is given now.
    """

    term: Term
    state: State
    latest: Latest | None = None
    item: str | None = None
    recipient: Recipient | None = None
    waits_for: tuple[Term, ...] = ()
    stopped: bool = False
    until: date | None = None
    due: bool = False
    would_end: date | None = None

    @property
    def named_end(self) -> date | None:
        """Return the last day that its wording names, as shown and as stored."""
        return self.until if self.on else self.would_end

    @property
    def on(self) -> bool:
        """Return whether its toggle is on."""
        return self.state is State.ON

    @property
    def key(self) -> str:
        """Return what names this consent on a page, without naming the recipient."""
        recipient = self.recipient.company_id.encode() if self.recipient else b""
        digest = blake2s(recipient, digest_size=6).hexdigest() if recipient else ""
        return "-".join(filter(None, (self.term.id, digest, self.item)))


@dataclass(frozen=True)
class Device:
    """One device of the member's; the identifier is masked, and None when it was refused."""

    device_row_id: UUID
    text: str | None
    last_used_on: date | None
    refused_at: datetime | None


@dataclass(frozen=True)
class Consents:
    """All of them, in the order of the terms, and the devices.

    `answers_until`: the last day to answer what a guardian agreed to, of who is 14 by now.
    """

    terms: Terms
    asked: tuple[Asked, ...]
    devices: tuple[Device, ...]
    store_only: bool = False
    """A child under 14 without a guardian's recorded consent (P41)."""
    child: bool = False
    """Under 14 today."""
    answers_until: date | None = None

    def find(
        self, consent: str, recipient: str | None = None, item: str | None = None
    ) -> Asked | None:
        """Return one consent; None when it is neither asked for nor on record."""
        for one in self.asked:
            company_id = one.recipient.company_id if one.recipient else None
            if (one.term.id, company_id, one.item) == (consent, recipient, item):
                return one
        return None

    @property
    def paused(self) -> tuple[Asked, ...]:
        """Return what a guardian agreed to and the member has not answered yet."""
        return tuple(one for one in self.asked if one.state is State.PAUSED)

    @property
    def advertising(self) -> tuple[Asked, ...]:
        """Return the consents to advertising messages, by day and night."""
        return tuple(one for one in self.asked if one.term.confirmed_again)
