"""One dispute in hand: what was said, who the guardians are, and the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.clock import SEOUL, seoul_day
from db.errors import PortalError
from db.words import DisputeOutcome, SuspensionWhy
from pages.components import said
from pages.components.fragment import draw
from pages.components.text import _
from services import access, desk_queue, dispute_case, dispute_rights
from services.actor import AccessDenied, StepUpRequired
from services.dispute_words import DECISIONS, OUTCOMES, SUSPENDED, WHY
from services.disputes import DisputeRefused
from services.guardian_stop import Decision
from services.house import house

if TYPE_CHECKING:
    from services.actor import Actor
    from services.desk_queue import Case
    from services.dispute_case import InHand

CASE: Final = "jk_dispute_case"
_DATES: Final = "YYYY.MM.DD"


def panel(actor: Actor, case: Case) -> None:
    """Draw the dispute of the case, and what may be decided."""
    look = dispute_rights.VIEWING
    try:
        with access.open(
            actor, case.member_id, dispute_rights.PURPOSE, case.case_id, look=look
        ) as subject:
            one = dispute_case.read(subject)
    except DisputeRefused as gone:
        _leave(_(gone.message))
        return
    draw("officer_dispute.html", one=one, why=_(WHY[one.why]),
         until=f"{case.until.astimezone(SEOUL):%H:%M}")  # fmt: skip
    decision = _form(actor, one)
    if decision is not None:
        _decide(actor, case, decision)
    if st.button(_("Put it back without deciding"), key="dispute_back", type="tertiary"):
        with house().databases.data.begin() as connection:
            desk_queue.put_back(connection, actor, case.case_id)
        _leave(_("It is back in the list."))


def _form(actor: Actor, one: InHand) -> Decision | None:
    numbers = {g.number: g.guardian_id for g in one.guardians}
    with st.form("decide_dispute"):
        outcome = st.radio(
            _("Decision"), DECISIONS, index=None, format_func=lambda o: _(OUTCOMES[o])
        )
        number = st.selectbox(
            _("Which guardian (unless everything stays)"), list(numbers), index=None,
            format_func=lambda n: _("Guardian no. {n}", n=n), placeholder=_("Please choose"),
        )  # fmt: skip
        why = st.selectbox(
            _("On which ground"), list(SUSPENDED), index=None,
            format_func=lambda w: _(SUSPENDED[w]), placeholder=_("Please choose"),
        )  # fmt: skip
        until = st.date_input(
            _("May not act until (empty: until it is decided again)"), None,
            min_value=seoul_day(actor.at), format=_DATES,
        )  # fmt: skip
        words = st.text_area(_("Why, in your own words: whoever told us reads it"), max_chars=1000)
        sent = st.form_submit_button(_("Decide"), type="primary")
    if not sent:
        return None
    if outcome is None:
        draw("problem.html", text=_("Please choose what is decided."))
        return None
    return Decision(
        DisputeOutcome(outcome), words, numbers.get(number) if number else None,
        SuspensionWhy(why) if why else None, until,
    )  # fmt: skip


def _decide(actor: Actor, case: Case, decision: Decision) -> None:
    try:
        with access.open(
            actor, case.member_id, dispute_rights.PURPOSE, case.case_id, look=dispute_rights.VIEWING
        ) as subject:
            dispute_case.decide(subject, decision)
    except (AccessDenied, StepUpRequired):
        raise
    except PortalError as error:
        draw("problem.html", text=_(error.message, **error.params))
        return
    _leave(_("It is decided. Everybody whom it concerns is being told."))


def _leave(text: str) -> None:
    st.session_state.pop(CASE, None)
    said.say(text)
