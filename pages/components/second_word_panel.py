"""What waits for a second one of the staff: looked at, then agreed to or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from db.declarations import ITEMS
from db.words import Purpose, StepState
from pages.components import case_view, said, sign_in_panel
from pages.components.fragment import draw
from pages.components.text import _
from services import (
    access,
    callers,
    case_confirming,
    case_settling,
    case_steps,
    case_words,
    cases,
    guardian_calls,
)
from services.actor import Permission
from services.ledger import EventName
from services.masking import mask

if TYPE_CHECKING:
    from services.actor import Actor
    from services.case_steps import Listed

_LOOKED: Final = "jk_step"
_CERTIFICATE: Final = "jk_step_certificate"


def panel(actor: Actor, steps: tuple[Listed, ...]) -> None:
    """Draw the list, the choice of one, who it is about (masked), and the two answers."""
    if given := st.session_state.pop(_CERTIFICATE, None):
        draw("case_certificate.html", given=given)
    if not steps:
        return
    draw("cases_steps.html", rows=[
        case_view.step(one) | {"no": one.case_no, "hand": _("you") if one.mine else one.staff_no}
        for one in steps
    ])  # fmt: skip
    numbered = {n: one for n, one in enumerate(steps, start=1)
                if not one.mine and one.state is StepState.WAITING}  # fmt: skip
    if not numbered:
        return
    if not actor.verified:
        if st.button(_("Confirm that it is me, then decide"), key="verify_steps",
                     icon=":material/lock_open:"):  # fmt: skip
            sign_in_panel.ask_verification({})
        return
    _choice(actor, numbered)


def _choice(actor: Actor, numbered: dict[int, Listed]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.selectbox(
            _("Which one?"), list(numbered), key="step_which",
            format_func=lambda n: f"{numbered[n].case_no} · {case_view.step(numbered[n])['what']}",
        )  # fmt: skip
        if st.button(_("Look at it"), key="step_look") and number in numbered:
            st.session_state[_LOOKED] = numbered[number].step_id
    one = next((s for s in numbered.values() if s.step_id == st.session_state.get(_LOOKED)), None)
    if one is None:
        return
    look = access.Look(EventName.CASE_VIEWED, Permission.CASE_APPROVE, cases.PAGE, callers.SHOWN)
    with access.open(actor, one.member_id, Purpose.SHOW, one.case_id, look=look) as subject:
        values = callers.masked(subject)
        asked, case = (
            case_steps.one(subject, one.step_id),
            cases.read(subject.connection, one.case_id),
        )
        guardian = guardian_calls.of_case(subject.connection, case, subject.today) if case else None
    facts = case_view.person(values)
    if case is not None:
        facts.append((_("Who asks"), case_view.asks(case, guardian)))
    if case is not None and case.verified_by is not None:
        facts.append((_("Identity"), _(case_words.VERIFIED[case.verified_by])))
    address = case_steps.value_of(one.member_id, one.case_id, asked) if asked else None
    if address:
        facts.append((_("The new e-mail address"), mask(ITEMS["email"].mask, address)))
    draw("case_second.html", one=case_view.step(one), no=one.case_no, values=facts)
    with st.container(horizontal=True):
        if st.button(_("I agree"), key="step_yes", type="primary"):
            _decide(actor, one, agree=True)
        if st.button(_("Refuse it"), key="step_no"):
            _decide(actor, one, agree=False)


def _decide(actor: Actor, one: Listed, *, agree: bool) -> None:
    look = access.Look(EventName.CASE_VIEWED, Permission.CASE_APPROVE, cases.PAGE, one.items)
    given = None
    with access.open(actor, one.member_id, Purpose.SHOW, one.case_id, look=look) as subject:
        if agree:
            given = case_confirming.approve(subject, one.step_id)
        else:
            case_settling.refuse(subject, one.step_id)
    st.session_state.pop(_LOOKED, None)
    if given is not None:
        st.session_state[_CERTIFICATE] = given
    said.say(_("Agreed. It is being done.") if agree else _("Refused. The case says so."))
