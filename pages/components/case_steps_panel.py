"""What staff can't do alone, in a case in hand: asked for, and where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.declarations import ITEMS, Group
from db.errors import PortalError
from db.law import law
from db.words import Purpose, StepWhat
from pages.components import case_view, said
from pages.components.carried import FORM
from pages.components.fragment import draw
from pages.components.sharing_view import items_words
from pages.components.text import _
from services import access, case_asking, case_settling, case_waiting, case_words, cases
from services.actor import AccessDenied, Permission
from services.ledger import EventName

if TYPE_CHECKING:
    from services.actor import Actor
    from services.case_steps import Step
    from services.cases import Case

_LOOK: Final = access.Look(EventName.CASE_VIEWED, Permission.CASE_HANDLE, cases.PAGE)
_CLEARABLE: Final = tuple(
    name for name, item in ITEMS.items()
    if item.shown and not item.required and item.group is not Group.GENERATED
)  # fmt: skip
_WHAT: Final = "step_what"
_TYPED: Final = (StepWhat.EMAIL, StepWhat.RECOVER)


def panel(actor: Actor, case: Case, steps: tuple[Step, ...]) -> None:
    """Draw what was asked for, and the form for more."""
    may = [what for what, wish in case_asking.NEEDS.items() if wish in case.asked]
    if not may and not steps:
        return
    open_ones = [one for one in steps if one.open(actor.at)]
    draw("case_steps.html", again=bool(open_ones),
         steps=[case_view.of_case(one, actor.at) for one in steps])  # fmt: skip
    for number, one in enumerate(open_ones):
        label = _("Take back: {what}", what=case_view.step(one)["what"])
        if st.button(label, key=f"step_back_{number}"):
            _take_back(actor, case, one)
    again = [what for what in may if case_waiting.askable(steps, what, actor.at)]
    if again:
        _ask(actor, case, again, case_waiting.clearing(steps, actor.at))


def _take_back(actor: Actor, case: Case, one: Step) -> None:
    with access.open(actor, case.member_id, Purpose.SHOW, case.case_id, look=_LOOK) as subject:
        case_settling.take_back(subject, case, one.step_id)
    said.say(_("Taken back. The link no longer works."))


def _ask(actor: Actor, case: Case, may: list[StepWhat], waiting: frozenset[str]) -> None:
    if st.session_state.get(_WHAT) not in may:  # asked for meanwhile; the browser has to learn it
        st.session_state[_WHAT] = None
    what = st.selectbox(
        _("What can't be undone"), may, key=_WHAT, index=None,
        placeholder=_("Please choose"), format_func=lambda w: _(case_words.STEPS[w]),
    )  # fmt: skip
    if what is None:
        return
    hours = law().calls.recovery_wait_hours
    draw("case_step_before.html", recover=what is StepWhat.RECOVER, hours=hours)
    with st.form(f"step_{what}", border=True):
        items: list[str] = []
        typed = ""
        if what is StepWhat.CLEAR:
            items = st.multiselect(
                _("Which items"), [name for name in _CLEARABLE if name not in waiting],
                format_func=lambda name: items_words([name]),
                placeholder=_("Please choose"), select_all=False,
            )  # fmt: skip
        elif what in _TYPED:
            typed = st.text_input(_("The new e-mail address"), key=f"{FORM}step_{what}",
                                  max_chars=200, autocomplete="off")  # fmt: skip
        sent = st.form_submit_button(_("Ask for it"), type="primary")
    if not sent:
        return
    try:
        with access.open(actor, case.member_id, Purpose.SHOW, case.case_id, look=_LOOK) as subject:
            case_asking.ask(subject, case, what, tuple(items), typed)
    except AccessDenied:
        raise
    except PortalError as refused:  # what was typed stays in its field
        draw("problem.html", text=_(refused.message, **refused.params))
        return
    if what is StepWhat.RECOVER:
        said.say(
            _("It waits for a colleague. Then all old contacts are told, and the wait begins.")
        )
    said.say(_("It waits for a second word. The member has a link, and a colleague sees it."))
