"""What a paper says of who acts for a child: begun from an open case, entered, decided at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import SEOUL, seoul_day
from db.errors import PortalError
from pages.components import said
from pages.components.fragment import draw
from pages.components.text import _
from services import access, custody, custody_asleep, desk_queue, dispute_rights
from services.actor import AccessDenied, StepUpRequired
from services.custody import REASONS, Order
from services.dispute_words import SUSPENDED
from services.house import house

if TYPE_CHECKING:
    from uuid import UUID

    from services.actor import Actor
    from services.cases import Case as OpenCase
    from services.desk_queue import Case

CASE: Final = "jk_custody_case"
_DATES: Final = "YYYY.MM.DD"
_ENDS: Final = (False, True)


def intro() -> None:
    """Draw what is entered here, and what to do first."""
    draw("officer_custody_begin.html")


def choice(actor: Actor, mine: tuple[OpenCase, ...]) -> None:
    """Draw how to name the child: one of one's own open cases, or the number of another one."""
    intro()
    numbers = {one.no: one.case_id for one in mine}
    with st.form("begin_custody"):
        own = st.selectbox(
            _("One of my open cases"), list(numbers), index=None,
            placeholder=_("Please choose"), disabled=not numbers,
        )  # fmt: skip
        typed = st.text_input(_("Or the number of another open case"), max_chars=20)
        sent = st.form_submit_button(_("Choose the guardian"))
    if not sent:
        return
    if not own and not typed.strip():
        draw("problem.html", text=_("Please choose a case, or enter its number."))
        return
    try:
        with house().databases.data.begin() as connection:
            found = numbers.get(own) if own else custody.by_number(connection, actor, typed)
            made = custody.begin(connection, actor, found) if found else None
    except (AccessDenied, StepUpRequired):
        raise
    except PortalError as error:
        draw("problem.html", text=_(error.message, **error.params))
        return
    st.session_state[CASE] = made
    st.rerun()


def panel(actor: Actor, case: Case) -> None:
    """Draw the guardians of the child by number, and what the paper says of one."""
    with access.open(
        actor, case.member_id, dispute_rights.PURPOSE, case.case_id, look=dispute_rights.VIEWING
    ) as subject:
        found, asleep = custody.guardians(subject), custody_asleep.asleep(subject)
    draw("officer_custody.html", guardians=found, asleep=asleep,
         until=f"{case.until.astimezone(SEOUL):%H:%M}")  # fmt: skip
    order = _form(actor, [one.number for one in found])
    if order is not None:
        _enter(actor, case, order)
    if st.button(_("Stop here; nothing changes"), key="custody_back", type="tertiary"):
        with house().databases.data.begin() as connection:
            desk_queue.put_back(connection, actor, case.case_id)
        _leave(_("Nothing was changed."))


def _form(actor: Actor, numbers: list[int]) -> Order | None:
    today = seoul_day(actor.at)
    with st.form("custody"):
        number = st.selectbox(
            _("Which guardian"), numbers, index=None, placeholder=_("Please choose"),
            format_func=lambda n: _("Guardian no. {n}", n=n),
        )  # fmt: skip
        why = st.radio(
            _("What the paper says"), REASONS, index=None, format_func=lambda w: _(SUSPENDED[w])
        )
        ends = st.radio(
            _("What follows"), _ENDS, index=None,
            format_func=lambda e: _("The link ends") if e else _("The guardian may not act"),
        )  # fmt: skip
        since = st.date_input(_("From which day on"), today, min_value=today, format=_DATES)
        until = st.date_input(
            _("May not act until (empty: until it is decided again)"), None, min_value=today,
            format=_DATES,
        )  # fmt: skip
        words = st.text_area(
            _("Which paper it is, and from whom (court, number, date)"), max_chars=1000
        )
        given = st.file_uploader(
            _("A copy of the paper (PDF, JPEG or PNG, 5 MB at most)"),
            ["pdf", "jpg", "jpeg", "png"], max_upload_size=5,
        )  # fmt: skip
        sent = st.form_submit_button(_("Enter it"), type="primary")
    if not sent:
        return None
    if ends is None:
        draw("problem.html", text=_("Please choose what follows."))
        return None
    return Order(number, bool(ends), why, since, until, words, given.getvalue() if given else None)


def _enter(actor: Actor, case: Case, order: Order) -> None:
    try:
        with access.open(
            actor, case.member_id, dispute_rights.PURPOSE, case.case_id, look=dispute_rights.VIEWING
        ) as subject:
            custody.enter(subject, order)
    except (AccessDenied, StepUpRequired):
        raise
    except PortalError as error:  # what was typed stays in its field
        draw("problem.html", text=_(error.message, **error.params))
        return
    _leave(_("It is entered. Everybody whom it concerns is being told."))


def in_hand(actor: Actor) -> Case | None:
    """Return the case in which a paper is being entered, while it runs."""
    case_id: UUID | None = st.session_state.get(CASE)
    if case_id is None:
        return None
    with house().databases.data.begin() as connection:
        return desk_queue.in_hand(connection, actor, case_id)


def _leave(text: str) -> None:
    st.session_state.pop(CASE, None)
    said.say(text)
