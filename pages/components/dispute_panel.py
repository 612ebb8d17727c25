"""“Something is wrong”: what is said about who acts for a child, and what waits meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.children_rules import rules
from db.errors import PortalError
from db.words import DisputeWhy, Purpose
from pages.components import acting, said
from pages.components.fragment import draw
from pages.components.text import _
from services import access, disputes
from services.actor import AccessDenied, Permission
from services.dispute_words import OUTCOMES, WHY, WHY_TO_CHILD
from services.house import house
from services.ledger import EventName

if TYPE_CHECKING:
    from uuid import UUID

    from services.actor import Actor
    from services.disputes import Standing

_SHOWN: Final = "jk_dispute"
_WORDS: Final = "jk_form_dispute"
_LOOK: Final = access.Look(EventName.DISPUTE_OPENED, Permission.DISPUTE_OPEN, "/", folds=False)


def note(actor: Actor, child: UUID) -> None:
    """Say on every page of a child that something is disputed and what waits; not who said so."""
    with house().databases.data.begin() as connection:
        told = disputes.told_to(connection, actor, child)
    if told:
        draw("dispute_note.html")


def panel(actor: Actor, state: Standing) -> None:
    """Draw what waits (to the child itself), what became of one's own dispute, and the form."""
    own = actor.acting_for is None
    mine = state.mine
    outcome = _(OUTCOMES[mine.outcome]) if mine and mine.outcome else None
    draw("dispute.html", own=own, open=state.open and own, mine=mine, outcome=outcome)
    if not state.can_open:
        return
    if not st.session_state.get(_SHOWN):
        st.button(_("Something is wrong"), key="dispute", icon=":material/support:",
                  on_click=_show, args=(True,))  # fmt: skip
        return
    _form(actor, own=own)


def show() -> None:
    """Let the form be open when the overview is drawn next."""
    st.session_state[_SHOWN] = True


def _show(shown: bool) -> None:  # noqa: FBT001 (a callback's argument)
    st.session_state[_SHOWN] = shown


def _form(actor: Actor, *, own: bool) -> None:
    words = WHY_TO_CHILD if own else WHY
    draw("dispute_before.html", own=own)
    with st.form(acting.keyed("dispute_form")):
        why = st.radio(
            _("What is it about?"),
            list(words),
            index=None,
            format_func=lambda w: _(words[w]),
            key=acting.keyed("jk_dispute_why"),
        )
        typed = st.text_area(
            _("In your own words (you may leave it empty)"), key=acting.keyed(_WORDS),
            max_chars=rules().dispute.longest,
        )  # fmt: skip
        sent = st.form_submit_button(_("Tell our desk"), type="primary")
    st.button(_("Not now"), key="dispute_not", on_click=_show, args=(False,))
    if sent and why is None:
        draw("problem.html", text=_("Please choose what it is about."))
    elif sent and why is not None:
        _open(actor, DisputeWhy(why), typed)


def _open(actor: Actor, why: DisputeWhy, typed: str) -> None:
    try:
        with access.open(actor, actor.subject_id, Purpose.CORRECT, look=_LOOK) as subject:
            disputes.open_dispute(subject, why, typed)
    except AccessDenied:
        raise
    except PortalError as error:  # what was typed stays in its field
        draw("problem.html", text=_(error.message, **error.params))
        return
    for key in (_SHOWN, acting.keyed(_WORDS)):
        st.session_state.pop(key, None)
    said.say(_("We have it. From now on guardians don't see the address. An officer looks at it."))
