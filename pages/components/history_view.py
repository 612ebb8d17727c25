"""Turns the ledger's lines into plain words: who, what, which items, why."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import SEOUL
from db.declarations import ITEMS
from db.words import N_, StaffRole
from pages.components.text import _, _n, language
from services import case_words
from services.history import Who
from services.history_words import EVENTS, PEOPLE, RIGHTS, ROLES
from services.language import format_date
from services.ledger import LOOKS, EventName

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from db.policy import Policy
    from services.history import Line

OTHERS: Final = "jk_others"


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
    case: str = ""
    staff_no: str = ""
    case_id: UUID | None = None
    """The case that the member may say no to, on this line."""
    case_no: str = ""
    reported: bool = False
    """Whether it was said of this case, on whichever of its lines: that wasn't me."""
    key: str = ""
    """What names its button, wherever on the page it stands."""


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
        _case(line),
        line.staff_no or "",
        _deniable(line),
        (line.case.no if line.case else None) or "",
        _in_staffs_case(line) and line.case is not None and line.case.suspended,
        f"{line.at:%y%m%d%H%M%S%f}_{line.name}",
    )


def _case(line: Line) -> str:
    """Return in which case something happened, and how they knew who asked."""
    if line.who is not Who.STAFF or line.case is None or line.case.no is None:
        return ""
    by = line.case.verified_by
    how = _(case_words.VERIFIED[by]) if by else _("not yet")
    known = _("Who asked was made sure of by: {how}", how=how)
    return " · ".join((_("Case {number}", number=line.case.no), known))


def _deniable(line: Line) -> UUID | None:
    """Return the case of a line on which the member may say that they asked for nothing.

    A case that was stopped is stopped.
    """
    if not _in_staffs_case(line) or line.case is None or line.case.suspended:
        return None
    return line.case.case_id


def _in_staffs_case(line: Line) -> bool:
    """Return whether staff did it in a case; a demand made by law is nobody's wish."""
    in_case = line.who is Who.STAFF and line.case is not None
    return in_case and not line.name.startswith("demand_")


def days(lines: Iterable[Line], policy: Policy) -> tuple[DayView, ...]:
    """Return the page's days, the newest first."""
    return tuple(
        DayView(format_date(day), day.isoformat(), held[0].sealed,
                tuple(_line(line, policy) for line in held))
        for day, held in ((d, list(g)) for d, g in groupby(lines, lambda line: line.day))
    )  # fmt: skip
