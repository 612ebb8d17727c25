"""The 14th birthday on the overview: until when, what changes, and the child's own way in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.children_rules import rules
from db.errors import PortalError
from db.words import N_, Purpose
from pages.components import acting, own_number_panel, said, sign_in_panel
from pages.components.carried import FORM
from pages.components.fragment import draw
from pages.components.text import _, language
from services import access, fourteen, own_contact
from services.actor import AccessDenied, Permission, StepUpRequired
from services.correction import Outcome
from services.ledger import EventName

if TYPE_CHECKING:
    from datetime import date

    from services.actor import Actor
    from services.overview import Brief
    from services.own_contact import Way

_TYPED: Final = f"{FORM}own_contact"
_DONE: Final = {
    Outcome.LINK_SENT: N_(
        "We sent a link to that address. Once it is opened, within 24 hours, it counts, and a link "
        "to set a password follows."
    ),
    Outcome.CODE_SENT: N_(
        "We sent a code to that number. Ask the child for it and enter it here, within 10 minutes: "
        "then the number counts, and a text message there says how to set a password."
    ),
    Outcome.SAME: N_("That is what is held already. Nothing was changed."),
}
_LOOK: Final = access.Look(
    EventName.CORRECTION_VIEWED, Permission.PROFILE_CORRECT, "/", ("email", "mobile"), folds=False
)


def panel(actor: Actor, brief: Brief, today: date, way: Way) -> None:
    """Draw the day and what changes, from the day on which everybody is told of it.

    In the year before stands the day alone.
    """
    day = brief.turns_14_on
    if day is None:
        return
    acting = actor.acting_for is not None
    reached = way.reached
    if not fourteen.told_by(day, today):
        if fourteen.named_by(day, today):
            draw("fourteen_later.html", day=day, acting=acting)
        return
    draw("fourteen.html", day=day, acting=acting, reached=reached,
         answer=rules().coming_of_age.answer_days)  # fmt: skip
    if acting and not reached and not brief.disputed:
        own_number_panel.panel(actor, way.code_until, "/")
        _ask(actor)


def _ask(actor: Actor) -> None:
    if not actor.verified:
        if st.button(_("Confirm that it is me, then enter it"), key="own_verify"):
            sign_in_panel.ask_verification({})
        return
    with st.form(acting.keyed("own_contact")):
        typed = st.text_input(
            _("The child's own e-mail address or mobile number"),
            key=acting.keyed(_TYPED),
            autocomplete="off",
        )
        sent = st.form_submit_button(_("Send a link or a code there"), type="primary")
    if sent:
        _give(actor, typed)


def _give(actor: Actor, typed: str) -> None:
    try:
        with access.open(actor, actor.subject_id, Purpose.CORRECT, look=_LOOK) as subject:
            done = own_contact.give(subject, typed)
    except (AccessDenied, StepUpRequired):
        raise
    except PortalError as error:  # what was typed stays in its field
        draw("problem.html", text=_(error.message, **error.params))
        return
    st.session_state.pop(acting.keyed(_TYPED), None)
    said.say(_(_DONE[done]))


def answers(until: date | None) -> None:
    """Draw, for who is 14 by now, that a guardian's consents wait for an answer."""
    if until is None:
        return
    draw("answers.html", until=until, why=getattr(rules().coming_of_age.why, language()))
    if st.button(_("Answer now"), key="answers", icon=":material/how_to_reg:"):
        acting.go("member/consents.py")
