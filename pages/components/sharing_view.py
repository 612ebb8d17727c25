"""Turns what was shared into words: rows, recipients, processors, and how far they were told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from db.declarations import ITEMS
from db.words import Ground
from pages.components.purpose_words import purpose_words
from pages.components.text import _, _n, language
from services.flows import picture
from services.language import format_date
from services.sharing_words import CHANGES, GROUNDS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from db.period import Period
    from db.policy import Policy
    from services.companies import Company
    from services.sharing import Given, Sharing
    from services.telling import Progress

PAGE: Final = "jk_page_sharing"


def items_words(names: Iterable[str]) -> str:
    """Return the items' labels, by comma."""
    return ", ".join(_(ITEMS[n].label) if n in ITEMS else n for n in names)


def period_words(period: Period | None) -> str:
    """Return how long a company keeps what it gets, or that nobody stated it."""
    if period is None:
        return _("not stated in this version")
    if period.months is None:
        return _n("{n} year", "{n} years", period.years or 0)
    return _n("{n} month", "{n} months", period.months)


def given(found: Sharing, policy: Policy, today: date) -> dict[str, Any]:
    """Return what the first part shows."""
    recipients = {flow.recipient for flow in found.flows}
    drawn = picture(found.flows, today) if found.flows else None
    return {
        "count": found.count,
        "companies": len(recipients),
        "drawn": drawn,
        "items": [items_words([i]) for i in drawn.items] if drawn else [],
        "rows": [_row(one, policy) for one in found.given],
        "past": any(not flow.kept(today) for flow in found.flows),
        "silent": not found.recipients and not found.count,
    }


def _row(one: Given, policy: Policy) -> dict[str, str]:
    unknown = _("Not recorded")
    demanded = _("To do what a law demands") if one.ground is Ground.LEGAL_DEMAND else ""
    until = format_date(one.kept_until) if one.kept_until else _("not stated in this version")
    return {
        "day": format_date(one.on),
        "recipient": one.recipient,
        "what": items_words(one.items),
        "why": purpose_words(one.purpose, policy) or demanded or unknown,
        "ground": _(GROUNDS[one.ground]) if one.ground else _("On which ground is not recorded"),
        "until": until,
    }


def more(found: Sharing, policy: Policy) -> dict[str, Any]:
    """Return what the second part shows."""
    return {
        "agreed": [
            (one.recipient, items_words([one.item]), format_date(one.ends_on)
             if one.ends_on else _("without an end"))
            for one in found.agreed
        ],
        "told": [_told(one) for one in found.told],
        "recipients": [_company(one, policy) for one in found.recipients],
        "processors": [_company(one, policy) for one in found.processors],
    }  # fmt: skip


def _told(one: Progress) -> dict[str, object]:
    return {
        "change": f"{_(CHANGES[one.change])} · {items_words(one.items)}",
        "day": format_date(one.told_at),
        "state": _("{done} of {all} confirmed", done=one.answered, all=one.told),
        "done": one.done,
        "late": ", ".join(one.late),
    }


def _company(one: Company, policy: Policy) -> dict[str, object]:
    silent = _("not stated in this version")
    task = (one.task or {}).get(language()) or next(iter((one.task or {}).values()), "")
    ends = format_date(one.contract_ends_on) if one.contract_ends_on else silent
    return {
        "name": one.name,
        "fictional": one.fictional,
        "why": purpose_words(one.purpose, policy) or silent,
        "task": task or silent,
        "what": items_words(one.items) or silent,
        "kept": period_words(one.kept),
        "ends": ends,
    }
