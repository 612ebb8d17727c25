"""Turns the ledger's lines into plain words: who, what, which items, why."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import SEOUL
from db.declarations import ITEMS
from db.words import N_, Purpose, StaffRole
from pages.components.text import _, _n, language
from services.history import Who
from services.language import format_date
from services.ledger import LOOKS, EventName

if TYPE_CHECKING:
    from collections.abc import Iterable

    from db.policy import Policy
    from services.history import Line

OTHERS: Final = "jk_others"

EVENTS: dict[EventName, str] = {
    EventName.OVERVIEW_VIEWED: N_("looked at the overview"),
    EventName.PROFILE_VIEWED: N_("looked at “My data”"),
    EventName.VALUES_UNMASKED: N_("saw hidden values in full"),
    EventName.HISTORY_VIEWED: N_("looked at “Who looked”"),
    EventName.PROOF_TAKEN: N_("took a proof of these records"),
    EventName.SIGNED_IN: N_("signed in"),
    EventName.VERIFIED: N_("confirmed who they are"),
    EventName.SIGNED_OUT: N_("signed out"),
    EventName.CORRECTION_VIEWED: N_("opened “Edit my data”"),
    EventName.VALUE_CORRECTED: N_("put a value right"),
    EventName.VALUE_CLEARED: N_("cleared a value"),
    EventName.CONFIRMATION_ASKED: N_("asked for a link to confirm a new value"),
    EventName.REQUESTS_VIEWED: N_("looked at “My requests”"),
    EventName.REQUEST_MADE: N_("made a request"),
    EventName.REQUEST_TAKEN_BACK: N_("took a request back"),
    EventName.REQUEST_TAKEN: N_("took a request in hand"),
    EventName.REQUEST_VIEWED: N_("looked at a request"),
    EventName.REQUEST_GRANTED: N_("did what a request asked"),
    EventName.REQUEST_REFUSED: N_("refused a request, with a reason"),
    EventName.EVIDENCE_VIEWED: N_("looked at a file given as proof"),
    EventName.EVIDENCE_DESTROYED: N_("destroyed a file given as proof"),
    EventName.RESTRICTIONS_VIEWED: N_("looked at “Stop processing”"),
    EventName.PROCESSING_STOPPED: N_("stopped a use of the data"),
    EventName.PROCESSING_RESUMED: N_("let a use of the data go on"),
    EventName.USE_BLOCKED: N_("wanted to use stopped data and was kept from it"),
    EventName.CONSENTS_VIEWED: N_("looked at “Consents”"),
    EventName.CONSENT_GRANTED: N_("gave a consent"),
    EventName.CONSENT_WITHDRAWN: N_("withdrew a consent"),
    EventName.CONSENT_ENDED: N_("ended a consent whose time was over"),
    EventName.RECEIPT_TAKEN: N_("took a receipt of consents"),
    EventName.DEVICE_REFUSED: N_("refused a device id"),
    EventName.SHARING_VIEWED: N_("looked at “Shared with others”"),
    EventName.DISCLOSED: N_("gave data to a company"),
    EventName.DISCLOSURE_REFUSED: N_("refused to give data to a company"),
    EventName.DEMAND_SOUGHT: N_("looked for a member named in a demand made by law"),
    EventName.DEMAND_ENTERED: N_("entered a demand made by law"),
    EventName.DEMAND_VIEWED: N_("looked at a demand made by law"),
    EventName.DEMAND_APPROVED: N_("approved a demand made by law"),
    EventName.DEMAND_REFUSED: N_("refused a demand made by law"),
    EventName.COMPANY_ADDED: N_("entered a company"),
    EventName.COMPANY_CHANGED: N_("changed what is said of a company"),
    EventName.COMPANY_ENDED: N_("ended the work with a company"),
    EventName.FINDING_CLOSED: N_("closed a question about data given out"),
    EventName.SAFEGUARD_CONFIRMED: N_("confirmed what protects outside the portal"),
    EventName.PAPER_DESTROYED: N_("noted that forms on paper were destroyed"),
    EventName.HOLD_SOUGHT: N_("looked what a legal hold would keep"),
    EventName.HOLD_PLACED: N_("placed a legal hold: what is past its time is kept until it ends"),
    EventName.HOLD_LIFTED: N_("lifted a legal hold: what is past its time is destroyed again"),
    EventName.COMPANY_TOLD: N_("told a company of a change"),
    EventName.COMPANY_ANSWERED: N_("noted that a company confirmed a change"),
    EventName.INBOX_VIEWED: N_("looked at “Told to me”"),
    EventName.USAGE_TOLD: N_("sent the yearly notice of use"),
    EventName.DORMANCY_TOLD: N_("told that the account will sleep"),
    EventName.SEPARATED: N_("moved the data apart: the account sleeps"),
    EventName.WAKING_ASKED: N_("asked to use the account again"),
    EventName.WOKEN: N_("woke the account"),
    EventName.LEAVING_VIEWED: N_("looked at what leaving would do"),
    EventName.LEAVING_ASKED: N_("asked to leave"),
    EventName.LEFT: N_("ended the membership"),
    EventName.GUARDIAN_LEFT: N_("ended the link to a guardian who left"),
    EventName.BAR_SOUGHT: N_("looked for a member to bar from joining again"),
    EventName.BAR_PLACED: N_("decided a bar on joining again"),
    EventName.BAR_OBJECTED: N_("objected to a bar on joining again"),
    EventName.BAR_KEPT: N_("kept a bar on joining again, after an objection"),
    EventName.BAR_LIFTED: N_("lifted a bar on joining again"),
    EventName.JOINING_CHECKED: N_("answered a sign-up page that somebody may join"),
    EventName.JOINING_REFUSED: N_("answered a sign-up page that joining again is barred"),
    EventName.RESTORED: N_("put all data back from a backup"),
}
"""What happened; a test holds every `EventName` to have words here."""

PEOPLE: dict[Who, str] = {
    Who.ME: N_("I"),
    Who.ME_AS_GUARDIAN: N_("I, as guardian {n}"),
    Who.CHILD: N_("The child"),
    Who.GUARDIAN: N_("Guardian {n}"),
    Who.ANOTHER_MEMBER: N_("Another member"),
    Who.SYSTEM: N_("The system"),
}
ROLES: dict[StaffRole, str] = {
    StaffRole.AGENT: N_("Support staff {number}"),
    StaffRole.OFFICER: N_("Privacy officer {number}"),
}
RIGHTS: dict[str, str] = {
    Purpose.SHOW: N_("To see what is held"),
    Purpose.CORRECT: N_("To put it right"),
    Purpose.EXPORT: N_("To take the data along"),
}
"""Why, where it is a right of clause 9; the policy names all other purposes."""


@dataclass(frozen=True)
class Chosen:
    """What the member chose in this tab."""

    only_others: bool
    page: int
    page_key: str


@dataclass(frozen=True)
class LineView:
    """One line of a day."""

    time: str
    who: str
    what: str
    why: str
    refused: bool
    mine: bool


@dataclass(frozen=True)
class DayView:
    """A day: `iso` names its proof; without a seal there is none yet."""

    title: str
    iso: str
    sealed: bool
    lines: tuple[LineView, ...]


def chosen() -> Chosen:
    """Return the choice of this tab, before the widgets are drawn."""
    others = bool(st.session_state.get(OTHERS))
    key = f"jk_page_history_{others}"
    return Chosen(others, int(st.session_state.get(key) or 1), key)


def _who(line: Line) -> str:
    if line.who is Who.STAFF:
        role = ROLES[line.role or StaffRole.AGENT]
        return _(role, number=line.staff_no or "")
    if line.guardian is None and line.who in {Who.GUARDIAN, Who.ME_AS_GUARDIAN}:
        return _("A guardian")
    return _(PEOPLE[line.who], n=line.guardian)


def _happened(line: Line) -> str:
    if line.name in LOOKS and not line.allowed:
        return N_("tried to look at the data")
    known = EVENTS.get(EventName(line.name)) if line.name in set(EventName) else None
    return known or N_("did something")


def _what(line: Line) -> str:
    if line.looks and line.who is Who.ME:
        return _n(
            "I looked at my own data · {n} time", "I looked at my own data · {n} times", line.count
        )
    if line.looks and line.who is Who.CHILD:
        return _n(
            "looked at their own data · {n} time",
            "looked at their own data · {n} times",
            line.count,
        )
    text = _(_happened(line))
    items = ", ".join(_(ITEMS[i].label) if i in ITEMS else i for i in line.items)
    return f"{text} ({items})" if items else text


def _why(line: Line, policy: Policy) -> str:
    if line.purpose is None or line.who in {Who.ME, Who.CHILD}:
        return ""
    if line.purpose in RIGHTS:
        return _(RIGHTS[line.purpose])
    uses = (use for group in policy.purposes for use in group.uses)
    return next((getattr(u.name, language()) for u in uses if u.id == line.purpose), "")


def _line(line: Line, policy: Policy) -> LineView:
    own = line.looks and line.who in {Who.ME, Who.CHILD}
    return LineView(
        "" if own else f"{line.at.astimezone(SEOUL):%H:%M}",
        "" if own and line.who is Who.ME else _who(line),
        _what(line),
        _why(line, policy),
        not line.allowed,
        line.who is Who.ME,
    )


def days(lines: Iterable[Line], policy: Policy) -> tuple[DayView, ...]:
    """Return the page's days, the newest first."""
    return tuple(
        DayView(format_date(day), day.isoformat(), held[0].sealed,
                tuple(_line(line, policy) for line in held))
        for day, held in ((d, list(g)) for d, g in groupby(lines, lambda line: line.day))
    )  # fmt: skip
