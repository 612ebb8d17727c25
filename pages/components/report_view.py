"""A report in words: what, how far, until when answered and kept, and its thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.clock import seoul_day
from db.law import law
from db.policy import in_force
from db.words import ReportBy, ReportState
from pages.components.request_view import days_left
from pages.components.sharing_view import period_words
from pages.components.text import _, language
from services import report_words
from services.language import format_date

if TYPE_CHECKING:
    from datetime import date, datetime

    from services.report_standing import Standing
    from services.reports import Report


def rules(now: datetime) -> dict[str, object]:
    """Return within how many days a report is answered, and until when one of today is kept."""
    today, rule = seoul_day(now), law().reports
    kept = in_force(today).rule(rule.rule)
    return {
        "days": rule.days,
        "kept": period_words(kept.period),
        "until": kept.ends_on(today),
        "citation": getattr(rule.citation, language()),
    }


@dataclass(frozen=True)
class ReportView:
    """A report in a list. `left`: the days left, in words; "" once it is closed."""

    number: str
    kind: str
    state: str
    left: str
    late: bool
    open: bool
    received_at: datetime
    due_on: date
    ends_on: date


def views(found: tuple[Standing, ...], today: date) -> tuple[ReportView, ...]:
    """Return reports as a list of them is drawn, in the given order."""
    return tuple(
        ReportView(
            one.number, _(report_words.KINDS[one.kind]), state(one), left(one, today),
            one.open and one.due_on < today, one.open, one.received_at, one.due_on, one.ends_on,
        )
        for one in found
    )  # fmt: skip


def state(one: Report | Standing) -> str:
    """Return how a report stands."""
    if one.outcome is not None:
        return _(report_words.OUTCOMES[one.outcome])
    return _(report_words.STATES[one.state])


def line(one: Report) -> str:
    """Return a report in one line."""
    return f"{one.number} · {_(report_words.KINDS[one.kind])} · {state(one)}"


def left(one: Report | Standing, today: date) -> str:
    """Return how long until our answer is due; nothing once it is closed."""
    return days_left((one.due_on - today).days) if one.open else ""


def thread(one: Report) -> dict[str, object]:
    """Return a report with its lines as the template draws them."""
    return {
        "number": one.number,
        "kind": _(report_words.KINDS[one.kind]),
        "state": state(one),
        "asked": one.state is ReportState.ASKED,
        "open": one.open,
        "received": one.received_at,
        "due": format_date(one.due_on),
        "closed": one.closed_at,
        "until": one.ends_on,
        "lines": [
            {
                "at": said.at,
                "ours": said.by is ReportBy.STAFF,
                "staff_no": said.staff_no or "",
                "text": said.text,
            }
            for said in one.lines
        ],
    }
