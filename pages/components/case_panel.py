"""A case in hand: who it is about, what they ask, what was done, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import seoul_day
from db.words import CallWish, Postponed, Purpose
from pages.components import (
    case_answer_panel,
    case_banner,
    case_check_panel,
    case_guardians,
    case_steps_panel,
    case_view,
    kept_typing,
    said,
)
from pages.components.fragment import draw
from pages.components.request_view import days_left
from pages.components.text import _
from services import (
    access,
    caller_check,
    callers,
    case_going_on,
    case_list,
    case_papers,
    case_steps,
    case_words,
    cases,
    guardian_calls,
)
from services.actor import Permission
from services.house import house
from services.language import format_date
from services.ledger import EventName
from services.relations import as_subject

if TYPE_CHECKING:
    from datetime import datetime

    from services.actor import Actor
    from services.case_papers import Paper
    from services.case_steps import Step
    from services.cases import Case
    from services.guardian_calls import Guardian

_LOOK: Final = access.Look(EventName.CASE_VIEWED, Permission.CASE_HANDLE, cases.PAGE, callers.SHOWN)
PAGES: Final = (
    ("my_data", Permission.PROFILE_READ, "member/my_data.py"),
    ("edit", Permission.PROFILE_CORRECT, "member/edit.py"),
    ("consents", Permission.CONSENT_CHANGE, "member/consents.py"),
    ("stop", Permission.PROCESSING_STOP, "member/stop.py"),
    ("requests", Permission.PROCESSING_STOP, "member/requests.py"),
    ("history", Permission.HISTORY_READ, "member/history.py"),
)
"""Where what is asked for is done: the pages that the member has, too."""


@dataclass(frozen=True)
class Seen:
    """What a look at a case has shown: who it is about, masked, and what was said."""

    case: Case
    values: dict[str, str]
    papers: tuple[Paper, ...]


@dataclass(frozen=True)
class Progress:
    """How far a case is: no look at anybody's data, so that each run may ask."""

    steps: tuple[Step, ...]
    code_until: datetime | None
    tries_left: int
    guardian: Guardian | None = None
    """The guardian who calls, and whether they may act today."""


def panel(actor: Actor, case: Case) -> None:
    """Draw the case; while its half hour is over, only that it is, and what was typed is kept."""
    if not case.runs(actor.at):
        kept_typing.keep(case.case_id, cases.PAGE)
        draw("case_over.html", facts=case_view.facts(case, actor, None))
        return
    kept_typing.restore(case.case_id, cases.PAGE)
    seen, now = _seen(actor, case), _progress(actor, case)
    st.session_state[case_banner.WHO] = case_view.who(seen.values)
    left = case_list.days_left(case, actor)
    draw("case.html", person=case_view.person(seen.values),
         facts=case_view.facts(case, actor, now.guardian),
         papers=[case_view.paper(one, case) for one in seen.papers if one.kind != "answer"],
         due_on=case.due_on, late=left < 0, left=days_left(left),
         asleep=not seen.values)  # fmt: skip
    if case.nameless:
        case_guardians.panel(actor, case)
    elif now.guardian is not None and not now.guardian.acts:
        draw("problem.html", text=_(guardian_calls.NO_MORE))
    elif not case.verified:
        case_check_panel.panel(actor, case, now.code_until, now.tries_left)
    else:
        _ways(case)
        case_steps_panel.panel(actor, case, now.steps)
    case_answer_panel.panel(actor, case, seen.papers, now.steps)
    _more(actor, case)


def _seen(actor: Actor, case: Case) -> Seen:
    """Return what this tab has seen of the case as it stands; a click is no new look.

    Each look is a line for the member: a run for every widget would bury what was done.
    """
    known: Seen | None = st.session_state.get(case_answer_panel.SEEN)
    if known is not None and known.case == case:
        return known
    with access.open(actor, case.member_id, Purpose.SHOW, case.case_id, look=_LOOK) as subject:
        values = callers.masked(subject)
        papers = case_papers.of_case(subject.connection, case.member_id, case.case_id)
    st.session_state[case_answer_panel.SEEN] = found = Seen(case, values, papers)
    return found


def _progress(actor: Actor, case: Case) -> Progress:
    with house().databases.data.begin() as connection:
        as_subject(connection, case.member_id)
        steps = case_steps.of_case(connection, case)
        guardian = guardian_calls.of_case(connection, case, seoul_day(actor.at))
        if case.verified:
            return Progress(steps, None, 0, guardian)
        return Progress(
            steps,
            caller_check.sent(connection, case, actor.at),
            caller_check.tries_left(connection, case, actor.at),
            guardian,
        )


def _ways(case: Case) -> None:
    """Offer the member's pages that the case gives a right to."""
    names = {
        "my_data": _("My data"), "edit": _("Edit my data"), "consents": _("Consents · Advertising"),
        "stop": _("Stop processing"), "requests": _("My requests"), "history": _("Who looked"),
    }  # fmt: skip
    with st.container(horizontal=True):
        for key, permission, file in PAGES:
            if permission.value in case.permissions and st.button(names[key], key=f"to_{key}"):
                st.switch_page(file)


def _more(actor: Actor, case: Case) -> None:
    with st.expander(_("More: something else is asked for, or the answer takes longer")):
        _widen(actor, case)
        if case.postponed is None:
            _postpone(actor, case)


def _widen(actor: Actor, case: Case) -> None:
    others = [wish for wish in CallWish if wish not in case.asked]
    if not others:
        return
    with st.form("case_widen", border=False):
        wished = st.pills(
            _("They also ask for"), others, selection_mode="multi",
            format_func=lambda w: _(case_words.WISHES[w]),
        )  # fmt: skip
        sent = st.form_submit_button(_("Add it"))
    if sent and wished:
        with house().databases.data.begin() as connection:
            case_going_on.widen(connection, actor, case, frozenset(wished))
        said.say(_("Added. The pages for it are open now, once the caller is verified."))


def _postpone(actor: Actor, case: Case) -> None:
    with st.form("case_postpone", border=False):
        why = st.selectbox(
            _("Why the answer takes longer"), list(Postponed), index=None,
            placeholder=_("Please choose"), format_func=lambda w: _(case_words.POSTPONED[w]),
        )  # fmt: skip
        sent = st.form_submit_button(_("Put the answer off"))
    if sent and why is not None:
        with house().databases.data.begin() as connection:
            due = case_going_on.postpone(connection, actor, case, why)
        day = format_date(due)
        if case.verified:
            said.say(_("Put off until {day}. The caller is told why, and how to object.", day=day))
        said.say(_("Put off until {day}. Nobody is written to before it is clear who the caller "
                   "is: please tell them why yourself.", day=day))  # fmt: skip
