"""Turns cases into what the desk's templates draw: every word in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.clock import SEOUL
from db.declarations import ITEMS
from db.words import StepState, StepWhat
from pages.components.profile_view import display
from pages.components.request_view import days_left
from pages.components.sharing_view import items_words
from pages.components.text import _
from pages.http.case_paper import PATH
from services import case_list, case_words
from services.language import format_datetime

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from db.words import CallWish
    from services.actor import Actor
    from services.case_papers import Paper
    from services.case_steps import Listed, Step
    from services.cases import Case
    from services.guardian_calls import Guardian


def _next_words(step: str) -> str:
    known = {
        "suspended": _("Stopped: the privacy officer looks at it"),
        "turned_14": _("The child is 14 now: close it"),
        "guardian_ended": _("The guardian may not act any more: close it"),
        "name": _("Say which guardian is calling"),
        "verify": _("Make sure who is calling"),
        "late": _("Answer now: its day is over"),
        "act": _("Do what is asked, then answer"),
        "go_on": _("Go on with it, then answer"),
    }
    return known[step]


def clock(moment: datetime) -> str:
    """Return the time of the day in Seoul."""
    return f"{moment.astimezone(SEOUL):%H:%M}"


def asked(wishes: Iterable[CallWish]) -> str:
    """Return what a caller asks for."""
    known = set(wishes)
    return ", ".join(_(text) for wish, text in case_words.WISHES.items() if wish in known)


def row(number: int, case: Case, actor: Actor) -> dict[str, object]:
    """Return one line of a list of cases; no name stands in it."""
    left = case_list.days_left(case, actor)
    runs = case.runs(actor.at)
    return {
        "number": number,
        "no": case.no,
        "asked": asked(case.asked),
        "due_on": case.due_on,
        "left": days_left(left),
        "late": left < 0,
        "hand": _("you") if case.staff_id == actor.person else case.staff_no,
        "until": clock(case.granted_until) if runs else "",
        "next": _next_words(case_list.next_step(case, actor)),
    }


def person(values: dict[str, str]) -> list[tuple[str, str]]:
    """Return masked values as label and text."""
    return [(_(ITEMS[item].label), display(ITEMS[item], text)[0]) for item, text in values.items()]


def who(values: dict[str, str]) -> str:
    """Return who it is in as few masked words as will do."""
    name = values.get("name") or values.get("nickname") or values.get("login_id")
    return name or _("a sleeping account")


def asks(case: Case, guardian: Guardian | None) -> str:
    """Return who asks; `guardian`: which one calls for a child."""
    caller = _(case_words.CALLERS[case.caller])
    if guardian is None:
        return caller
    return " · ".join((caller, _("Guardian no. {n}", n=guardian.number)))


def facts(case: Case, actor: Actor, guardian: Guardian | None) -> list[tuple[str, str]]:
    """Return what is known of a case, as label and text; `guardian`: who calls for a child."""
    verified = _("not yet")
    if case.verified_by is not None and case.verified:
        verified = _(case_words.VERIFIED[case.verified_by])
    found = [
        (_("Case"), case.no),
        (_("How it reached us"), _(case_words.CHANNELS[case.channel])),
        (_("Who asks"), asks(case, guardian)),
        (_("Asked for"), asked(case.asked)),
        (_("Identity"), verified),
    ]
    if case.postponed is not None:
        found.append((_("Put off"), _(case_words.POSTPONED[case.postponed])))
    if case.grant_ended is not None:
        found.append((_("Ended before its time"), _(case_words.ENDED[case.grant_ended])))
    # What ended today by itself is in the case's own row from the daily run on.
    stopped = guardian is not None and not guardian.acts and case.suspended_at is None
    what = "guardian_ended" if stopped else case_list.next_step(case, actor)
    found.append((_("What to do next"), _next_words(what)))
    return found


def step(one: Step | Listed) -> dict[str, object]:
    """Return a step as it is drawn."""
    what = _(case_words.STEPS[one.what])
    named = f"{what}: {items_words(one.items)}" if one.what == "clear" else what
    return {
        "what": named,
        "state": _(case_words.STATES[one.state]),
        "asked_at": one.asked_at,
        "until": one.waits_until,
        "open": one.state in {"waiting", "running"},
    }


def of_case(one: Step, now: datetime) -> dict[str, object]:
    """Return a step as its case draws it: also whose word it waits for, and until when."""
    drawn, waits = step(one), ""
    until = format_datetime(one.expires_at)
    if one.state is StepState.WAITING and not one.open(now):
        drawn["state"] = _(case_words.STATES[StepState.EXPIRED])
    elif one.state is StepState.WAITING and one.what is StepWhat.RECOVER:
        waits = _("a second staff member has to agree by {until}", until=until)
    elif one.state is StepState.WAITING:
        waits = _("the member by the link, or a second staff member, has to agree by {until}",
                  until=until)  # fmt: skip
    return drawn | {"waits": waits}


def paper(one: Paper, case: Case) -> dict[str, object]:
    """Return a paper as it is drawn: words as they are, a file by its kind and size."""
    return {
        "kind": str(one.kind),
        "text": one.text,
        "file": (one.media_type or "").partition("/")[2].upper(),
        "size": f"{max(one.size / 1024, 1):,.0f} KB",
        "at": one.given_at,
        "href": f"{PATH}/{case.case_id}/{one.paper_id}",
    }
